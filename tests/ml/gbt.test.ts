import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fitGbt, type GbtOptions, type Objective } from '../../engine/ml/gbt.ts';
import { learnCuts, MAX_BINS } from '../../engine/ml/histogram.ts';
import type { Tree } from '../../engine/ml/model.ts';
import { binned, blocks, memory, modelOf, near, normal, OPTIONS, scored, uniform } from './support.ts';

const NaN_ = Number.NaN;

function fit(x: number[][], y: number[], objective: Objective, o: Partial<GbtOptions> = {}, size = 1000) {
  const { binned: data, target } = binned(blocks(x, y, size));
  return fitGbt(data, target, objective, { ...OPTIONS, ...o }, memory);
}

interface Sample {
  readonly x: number[][];
  readonly grad: number[];
  readonly o: GbtOptions;
}

/** Gain of putting `left` on one side and the other rows on the other; null where a side is too small. Hessians are 1. */
function gainOf({ grad, o }: Sample, rows: readonly number[], left: readonly number[]): number | null {
  if (left.length < o.minRows || rows.length - left.length < o.minRows) return null;
  const score = (ids: readonly number[]): number =>
    ids.reduce((s, i) => s + (grad[i] as number), 0) ** 2 / (ids.length + o.l2);
  const right = rows.filter((i) => !left.includes(i));
  return score(left) + score(right) - score(rows);
}

/** Every threshold of every feature, the missing tried on both sides. */
function bestGain(sample: Sample, rows: readonly number[]): number {
  let best = 0;
  for (let f = 0; f < (sample.x[0] as number[]).length; f++) {
    const at = (i: number): number => (sample.x[i] as number[])[f] as number;
    const present = rows.filter((i) => !Number.isNaN(at(i)));
    const missing = rows.filter((i) => Number.isNaN(at(i)));
    for (const v of new Set(present.map(at))) {
      const left = present.filter((i) => at(i) <= v);
      best = Math.max(best, gainOf(sample, rows, left) ?? 0, gainOf(sample, rows, [...left, ...missing]) ?? 0);
    }
  }
  return best;
}

/** Each split gains as much as the best there is, and each leaf has its value. */
function checkTree(tree: Tree, node: number, depth: number, sample: Sample, rows: readonly number[]): void {
  const f = tree.feature[node] as number;
  const best = depth > 0 ? bestGain(sample, rows) : 0;
  if (f < 0) {
    assert.ok(best < 1e-9, `a leaf that a split would improve by ${best}`);
    const g = rows.reduce((s, i) => s + (sample.grad[i] as number), 0);
    assert.ok(near(tree.value[node] as number, (-sample.o.learningRate * g) / (rows.length + sample.o.l2), 1e-9));
    return;
  }
  const goesLeft = (i: number): boolean => {
    const v = (sample.x[i] as number[])[f] as number;
    return Number.isNaN(v) ? (tree.missingLeft[node] as boolean) : v < (tree.threshold[node] as number);
  };
  const left = rows.filter(goesLeft);
  const gain = gainOf(sample, rows, left) ?? 0;
  assert.ok(near(gain, best, 1e-9), `gains ${gain}, the best split ${best}`);
  checkTree(tree, tree.left[node] as number, depth - 1, sample, left);
  checkTree(
    tree,
    tree.right[node] as number,
    depth - 1,
    sample,
    rows.filter((i) => !goesLeft(i)),
  );
}

test('one tree: the splits of an exhaustive search', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const u = uniform(seed);
    const n = 8 + Math.floor(u() * 50);
    const x = Array.from({ length: n }, () => [normal(u), Math.floor(u() * 4), u() < 0.25 ? NaN_ : u()]);
    const y = x.map(
      ([a, b, c]) =>
        2 * (a as number) + ((b as number) > 1 ? 3 : 0) + (Number.isNaN(c) ? 5 : (c as number)) + normal(u),
    );
    const o = { ...OPTIONS, minRows: 1 + (seed % 3), l2: seed % 2, depth: 1 + (seed % 4) };
    const { part } = fit(x, y, { kind: 'squared' }, o, 7);
    const mean = y.reduce((s, v) => s + v, 0) / n;
    assert.ok(near(part.base[0] as number, mean, 1e-12));
    const rows = Array.from({ length: n }, (_, i) => i);
    checkTree(
      (part.trees[0] as (typeof part.trees)[number]).tree,
      0,
      o.depth,
      { x, grad: y.map((v) => mean - v), o },
      rows,
    );
  }
});

test('scores while training are those of the finished model', () => {
  const u = uniform(20);
  const x = Array.from({ length: 200 }, () => [normal(u), u() < 0.2 ? NaN_ : Math.floor(u() * 5)]);
  const y = x.map(([a]) => (a as number) ** 2 + u());
  const { part, loss } = fit(x, y, { kind: 'squared' }, { trees: 20, learningRate: 0.3 });
  const [p] = scored(modelOf(part, 2), x) as [number[]];
  assert.ok(near(loss, p.reduce((s, v, i) => s + (v - (y[i] as number)) ** 2, 0) / y.length, 1e-12));
});

test('more trees fit the training rows better', () => {
  const u = uniform(30);
  const x = Array.from({ length: 300 }, () => [normal(u), normal(u)]);
  const real = x.map(([a, b]) => Math.sin(3 * (a as number)) + (b as number) + 0.3 * normal(u));
  const three = x.map(([a, b]) => ((a as number) > 0.5 ? 2 : (b as number) > 0 ? 1 : 0));
  const cases: [number[], Objective][] = [
    [real, { kind: 'squared' }],
    [three.map((c) => (c === 2 ? 1 : 0)), { kind: 'logistic' }],
    [three, { kind: 'softmax', classes: 3 }],
  ];
  for (const [y, objective] of cases) {
    const losses = [1, 2, 4, 8, 16, 32].map(
      (trees) => fit(x, y, objective, { trees, learningRate: 0.2, minRows: 5 }).loss,
    );
    losses.slice(1).forEach((l, i) => {
      assert.ok(l < (losses[i] as number), `${objective.kind}: ${losses}`);
    });
  }
});

test('the same bits for any blocks, and for a seed', () => {
  const u = uniform(40);
  const x = Array.from({ length: 400 }, () => [normal(u), u() < 0.1 ? NaN_ : normal(u), u()]);
  const y = x.map(([a, , c]) => (a as number) + (c as number));
  const o = { trees: 5, subsample: 0.6, colsample: 0.7, seed: 9 };
  const whole = JSON.stringify(fit(x, y, { kind: 'squared' }, o, 400));
  for (const size of [1, 33]) assert.is(JSON.stringify(fit(x, y, { kind: 'squared' }, o, size)), whole);
  assert.is.not(JSON.stringify(fit(x, y, { kind: 'squared' }, { ...o, seed: 10 })), whole);
});

test('cuts do not depend on how much memory there is to learn them in', () => {
  const u = uniform(45);
  const data = blocks(
    Array.from({ length: 3000 }, () => [normal(u), u(), Math.floor(u() * 3), NaN_]),
    new Array(3000).fill(0),
    100,
  );
  const cuts = learnCuts(data, MAX_BINS, memory.floats, 1 << 20);
  assert.equal(learnCuts(data, MAX_BINS, memory.floats, 1), cuts);
  assert.equal(
    cuts.map((c) => c.length),
    [254, 254, 2, 0],
  );
  for (const c of cuts) for (let i = 1; i < c.length; i++) assert.ok((c[i - 1] as number) < (c[i] as number));
});

test('a missing value can be all there is to know', () => {
  const x = Array.from({ length: 20 }, (_, i) => [i % 2 === 0 ? NaN_ : 1]);
  const y = x.map(([v]) => (Number.isNaN(v) ? 10 : 0));
  const { part } = fit(x, y, { kind: 'squared' }, { l2: 0 });
  const [p] = scored(modelOf(part, 1), [[NaN_], [1], [1e300]]) as [number[]];
  assert.equal(p.map(Math.round), [10, 0, 0]);
});

test('a value that was never missing goes with most rows when it is', () => {
  const x = Array.from({ length: 20 }, (_, i) => [i]);
  const y = x.map(([i]) => ((i as number) < 15 ? 1 : 9));
  const { part } = fit(x, y, { kind: 'squared' }, { l2: 0, depth: 1 });
  const [p] = scored(modelOf(part, 1), [[NaN_]]) as [number[]];
  assert.ok(near(p[0] as number, 1, 1e-9), String(p));
});

test('constant features, a constant label, one row', () => {
  assert.is(fit([[1], [1], [1]], [1, 2, 3], { kind: 'squared' }).part.trees[0]?.tree.feature.length, 1);
  const flat = fit([[1], [2], [3]], [0.1, 0.1, 0.1], { kind: 'squared' }, { trees: 3, l2: 0 });
  assert.ok(flat.part.trees.every(({ tree }) => tree.feature.length === 1));
  assert.ok(near(flat.part.base[0] as number, 0.1, 1e-15));
  assert.ok(fit([[5]], [3], { kind: 'squared' }).loss < 1e-12);
});

test('the scale of the label does not matter', () => {
  const x = Array.from({ length: 30 }, (_, i) => [i]);
  const shape = (scale: number): number[] | undefined =>
    fit(
      x,
      x.map(([i]) => scale * Math.floor((i as number) / 10)),
      { kind: 'squared' },
      { l2: 0 },
    ).part.trees[0]?.tree.feature as number[];
  assert.equal(shape(1e-9), shape(1));
  assert.equal(shape(1e9), shape(1));
});

test('infinite and huge values are values', () => {
  const big = [Number.NEGATIVE_INFINITY, -1e308, 0, 1e308, Number.POSITIVE_INFINITY];
  const x = big.map((v) => [v]);
  const { part } = fit(x, [1, 2, 3, 4, 5], { kind: 'squared' }, { l2: 0, depth: 4 });
  const back = JSON.parse(JSON.stringify(part)) as typeof part;
  const [p] = scored(modelOf(back, 1), x) as [number[]];
  p.forEach((v, i) => {
    assert.ok(near(v, i + 1, 1e-9), String(p));
  });
});

test('each leaf keeps its fewest rows', () => {
  const u = uniform(50);
  const x = Array.from({ length: 100 }, () => [normal(u)]);
  const { part } = fit(
    x,
    x.map(([a]) => a as number),
    { kind: 'squared' },
    { minRows: 30, depth: 5 },
  );
  const [p] = scored(modelOf(part, 1), x) as [number[]];
  const counts = new Map<number, number>();
  for (const v of p) counts.set(v, (counts.get(v) ?? 0) + 1);
  assert.ok(
    [...counts.values()].every((n) => n >= 30),
    String([...counts.values()]),
  );
});

test('two and three classes: probabilities that add up to one', () => {
  const u = uniform(60);
  const x = Array.from({ length: 300 }, (_, i) => [(i % 3) + 0.2 * normal(u)]);
  const t = x.map((_, i) => i % 3);
  const { part } = fit(x, t, { kind: 'softmax', classes: 3 }, { trees: 30, learningRate: 0.3, minRows: 5 });
  const p = scored(modelOf(part, 1, ['a', 'b', 'c']), x);
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
  assert.ok(right > 285, `${right} of 300`);
});

test.run();
