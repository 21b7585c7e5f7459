import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fitLinear } from '../../engine/ml/linear.ts';
import { fitLogistic, logLoss, sigmoid } from '../../engine/ml/logistic.ts';
import { blocks, modelOf, near, normal, scored, uniform } from './support.ts';

/** Gauss-Jordan with pivoting: a second way to solve, for reference. */
function solve(a: number[][], b: number[]): number[] {
  const m = a.map((row, i) => [...row, b[i] as number]);
  const n = b.length;
  for (let c = 0; c < n; c++) {
    const p = m
      .slice(c)
      .reduce(
        (best, row, i) => (Math.abs(row[c] as number) > Math.abs((m[best] as number[])[c] as number) ? c + i : best),
        c,
      );
    [m[c], m[p]] = [m[p] as number[], m[c] as number[]];
    const pivot = m[c] as number[];
    m.forEach((row, i) => {
      if (i === c) return;
      const f = (row[c] as number) / (pivot[c] as number);
      for (let k = c; k <= n; k++) row[k] = (row[k] as number) - f * (pivot[k] as number);
    });
  }
  return m.map((row, i) => (row[n] as number) / (row[i] as number));
}

/** Ridge over standardised inputs by the closed form: (X'X + l2 n I) w = X'y, the intercept free. */
function closedForm(x: number[][], y: number[], l2: number): (row: number[]) => number {
  const n = y.length;
  const width = (x[0] as number[]).length;
  const column = (k: number) => x.map((row) => row[k] as number);
  const means = Array.from({ length: width }, (_, k) => column(k).reduce((a, b) => a + b, 0) / n);
  const scales = means.map((m, k) => Math.sqrt(column(k).reduce((s, v) => s + (v - m) ** 2, 0) / n) || 1);
  const z = (row: number[]) => [1, ...row.map((v, k) => (v - (means[k] as number)) / (scales[k] as number))];
  const rows = x.map(z);
  const p = width + 1;
  const a = Array.from({ length: p }, (_, i) =>
    Array.from({ length: p }, (_, j) =>
      rows.reduce((s, r) => s + (r[i] as number) * (r[j] as number), i === j && i > 0 ? l2 * n : 0),
    ),
  );
  const b = Array.from({ length: p }, (_, i) => rows.reduce((s, r, t) => s + (r[i] as number) * (y[t] as number), 0));
  const w = solve(a, b);
  return (row) => z(row).reduce((s, v, i) => s + v * (w[i] as number), 0);
}

function sample(n: number, seed: number): { x: number[][]; y: number[] } {
  const u = uniform(seed);
  const x = Array.from({ length: n }, () => [100 + 5 * normal(u), u() * 1e-3, normal(u) * 1e4]);
  return { x, y: x.map(([a, b, c]) => 3 + 2 * (a as number) - 500 * (b as number) + 1e-3 * (c as number) + normal(u)) };
}

test('linear: the closed form', () => {
  const { x, y } = sample(300, 1);
  for (const l2 of [0, 1e-6, 0.5]) {
    const expected = closedForm(x, y, l2);
    const { part, loss } = fitLinear(blocks(x, y, 77), l2);
    const [found] = scored(modelOf(part, 3), x) as [number[]];
    x.forEach((row, i) => {
      assert.ok(near(found[i] as number, expected(row), 1e-8), `${found[i]} and ${expected(row)}`);
    });
    const mse = found.reduce((s, v, i) => s + (v - (y[i] as number)) ** 2, 0) / y.length;
    assert.ok(near(loss, mse, 1e-8), `loss ${loss}, and ${mse} of its own predictions`);
  }
});

test('linear: the same bits for any blocks', () => {
  const { x, y } = sample(500, 2);
  const whole = JSON.stringify(fitLinear(blocks(x, y, 500), 0.1));
  for (const size of [1, 7, 64, 499]) assert.is(JSON.stringify(fitLinear(blocks(x, y, size), 0.1)), whole);
});

test('linear: an exact line, a constant feature, features that say the same', () => {
  const x = Array.from({ length: 20 }, (_, i) => [i, 7, 2 * i + 1]);
  const y = x.map(([i]) => 4 * (i as number) - 3);
  const { part, loss } = fitLinear(blocks(x, y), 0);
  const [found] = scored(modelOf(part, 3), [...x, [100, 7, 201]]) as [number[]];
  [...y, 397].forEach((v, i) => {
    assert.ok(near(found[i] as number, v, 1e-6));
  });
  assert.ok(loss < 1e-9);
});

test('linear: a missing value counts as the mean', () => {
  const x = [[1], [2], [3], [Number.NaN]];
  const { part } = fitLinear(blocks(x, [2, 4, 6, 4]), 0);
  const [found] = scored(modelOf(part, 1), [[Number.NaN], [2], [5]]) as [number[]];
  assert.ok(
    near(found[0] as number, 4, 1e-6) && near(found[1] as number, 4, 1e-6) && near(found[2] as number, 10, 1e-6),
    String(found),
  );
});

test('linear: infinite values are an error that says so', () => {
  assert.throws(
    () => fitLinear(blocks([[1], [Number.POSITIVE_INFINITY], [3]], [1, 2, 3]), 0),
    (e: { code?: string; hint?: string }) => e.code === 'FLOW7011' && /infinite/.test(e.hint ?? ''),
  );
});

/** Plain gradient descent on standardised inputs with an intercept, to convergence. */
function descend(x: number[][], t: number[], l2: number): number[] {
  const n = t.length;
  const width = (x[0] as number[]).length;
  const columns = Array.from({ length: width }, (_, k) => x.map((row) => row[k] as number));
  const means = columns.map((c) => c.reduce((a, b) => a + b, 0) / n);
  const scales = columns.map((c, k) => Math.sqrt(c.reduce((s, v) => s + (v - (means[k] as number)) ** 2, 0) / n));
  const z = x.map((row) => [1, ...row.map((v, k) => (v - (means[k] as number)) / (scales[k] as number))]);
  const w = new Array<number>(width + 1).fill(0);
  for (let step = 0; step < 20_000; step++) {
    const g = new Array<number>(width + 1).fill(0);
    z.forEach((row, i) => {
      const e = sigmoid(row.reduce((s, v, k) => s + v * (w[k] as number), 0)) - (t[i] as number);
      row.forEach((v, k) => {
        g[k] = (g[k] as number) + (e * v) / n;
      });
    });
    w.forEach((v, k) => {
      w[k] = v - 0.5 * ((g[k] as number) + (k > 0 ? l2 * v : 0));
    });
  }
  return z.map((row) => sigmoid(row.reduce((s, v, k) => s + v * (w[k] as number), 0)));
}

const LOGISTIC = { l2: 0.01, iterations: 50, tolerance: 1e-10 };

function flips(n: number, seed: number): { x: number[][]; t: number[] } {
  const u = uniform(seed);
  const x = Array.from({ length: n }, () => [normal(u), 10 * normal(u)]);
  return { x, t: x.map(([a, b]) => (u() < sigmoid(1.5 * (a as number) - 0.1 * (b as number) + 0.5) ? 1 : 0)) };
}

test('logistic: the optimum that gradient descent finds', () => {
  const { x, t } = flips(80, 3);
  const expected = descend(x, t, LOGISTIC.l2);
  const { part, loss } = fitLogistic(blocks(x, t, 9), 2, LOGISTIC);
  const [no, yes] = scored(modelOf(part, 2, [0, 1]), x) as [number[], number[]];
  expected.forEach((q, i) => {
    assert.ok(near(yes[i] as number, q, 1e-6), `${yes[i]} and ${q}`);
    assert.ok(near((no[i] as number) + (yes[i] as number), 1, 1e-12));
  });
  assert.ok(near(loss, yes.reduce((s, q, i) => s + logLoss(q, t[i] as number), 0) / t.length, 1e-9));
});

test('logistic: the same bits for any blocks', () => {
  const { x, t } = flips(200, 4);
  const whole = JSON.stringify(fitLogistic(blocks(x, t, 200), 2, LOGISTIC));
  for (const size of [1, 13, 150]) assert.is(JSON.stringify(fitLogistic(blocks(x, t, size), 2, LOGISTIC)), whole);
});

test('logistic: classes that can be told apart without a mistake', () => {
  const x = Array.from({ length: 40 }, (_, i) => [i < 20 ? i : i + 100]);
  const t = x.map((_, i) => (i < 20 ? 0 : 1));
  const { part, loss } = fitLogistic(blocks(x, t), 2, { l2: 1e-6, iterations: 100, tolerance: 1e-8 });
  const [, yes] = scored(modelOf(part, 1, [0, 1]), x) as [number[], number[]];
  assert.ok(yes.every((q, i) => q > 0.5 === (t[i] === 1)));
  assert.ok(Number.isFinite(loss) && loss < 0.05, `loss ${loss}`);
});

test('logistic: three classes, each against the rest', () => {
  const u = uniform(5);
  const x = Array.from({ length: 300 }, (_, i) => [(i % 3) * 4 + normal(u), ((i % 3) - 1) ** 2 * 5 + normal(u)]);
  const t = x.map((_, i) => i % 3);
  const { part } = fitLogistic(blocks(x, t), 3, LOGISTIC);
  const p = scored(modelOf(part, 2, ['a', 'b', 'c']), x);
  let right = 0;
  t.forEach((c, i) => {
    const row = p.map((column) => column[i] as number);
    assert.ok(
      near(
        row.reduce((a, b) => a + b, 0),
        1,
        1e-12,
      ),
    );
    if (row.indexOf(Math.max(...row)) === c) right++;
  });
  assert.ok(right > 270, `${right} of 300`);
  // A class against the rest is the model of two classes.
  const two = fitLogistic(
    blocks(
      x,
      t.map((c) => (c === 2 ? 1 : 0)),
    ),
    2,
    LOGISTIC,
  ).part;
  assert.equal(two.weights[0], part.weights[2]);
});

test('logistic: no step makes the loss worse', () => {
  const x = [[-1000], [-1], [0], [1], [2], [3000]];
  const t = [0, 1, 0, 1, 0, 1];
  const losses = [1, 2, 3, 5, 10, 30].map(
    (iterations) => fitLogistic(blocks(x, t), 2, { l2: 1e-9, iterations, tolerance: 0 }).loss,
  );
  losses.slice(1).forEach((l, i) => {
    assert.ok(l <= (losses[i] as number) + 1e-9, String(losses));
  });
});

test.run();
