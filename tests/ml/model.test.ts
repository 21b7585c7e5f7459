import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { columnFromValues } from '../../engine/batch/build.ts';
import type { Column } from '../../engine/batch/column.ts';
import { RunError } from '../../engine/errors.ts';
import { blockRows, classCodes, classIndex, featureEncoder, pieces } from '../../engine/ml/features.ts';
import { fitGbt } from '../../engine/ml/gbt.ts';
import { fitLogistic, logLoss } from '../../engine/ml/logistic.ts';
import { auc, createMetrics } from '../../engine/ml/metrics.ts';
import { decodeModel, encodeModel, type Model, type ModelFeature } from '../../engine/ml/model.ts';
import { scoreBatch } from '../../engine/ml/score.ts';
import { T } from '../../engine/types.ts';
import { binned, blocks, memory, modelOf, near, OPTIONS, scored } from './support.ts';

const x = [
  [1, 5],
  [2, Number.NaN],
  [3, 1],
  [4, 2],
  [5, 0],
  [6, 1],
];
const t = [0, 1, 0, 1, 2, 2];

function trees(): Model {
  const { binned: data, target } = binned(blocks(x, t));
  const { part } = fitGbt(data, target, { kind: 'softmax', classes: 3 }, { ...OPTIONS, trees: 4, depth: 2 }, memory);
  return modelOf(part, 2, ['a', 'b', 'c']);
}

function linear(): Model {
  return modelOf(fitLogistic(blocks(x, t), 3, { l2: 0.1, iterations: 20, tolerance: 1e-8 }).part, 2, ['a', 'b', 'c']);
}

test('auc: the share of pairs in the right order, ties half', () => {
  const scores = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 12 });
  fc.assert(
    fc.property(scores, scores, (p, n) => {
      const found = auc(Float64Array.from(p).sort(), Float64Array.from(n).sort());
      if (p.length === 0 || n.length === 0) return assert.is(found, null);
      const pairs = p.flatMap((a) => n.map((b) => (a > b ? 1 : a === b ? 0.5 : 0) as number));
      assert.ok(near(found as number, pairs.reduce((a, b) => a + b, 0) / pairs.length, 1e-12));
    }),
  );
});

test('regression metrics by their definitions', () => {
  const y = [3, -1, 4, 1, 5];
  const p = Float64Array.of(2.5, 0, 4, 2, 7);
  const m = createMetrics('regression', 0);
  y.forEach((v, i) => {
    m.add(v, p, i, y.length);
  });
  const mean = 12 / 5;
  const squared = y.reduce((s, v, i) => s + (v - (p[i] as number)) ** 2, 0);
  const [n, rmse, mae, r2] = m.values() as [number, number, number, number];
  assert.is(n, 5);
  assert.ok(near(rmse, Math.sqrt(squared / 5), 1e-12));
  assert.ok(near(mae, y.reduce((s, v, i) => s + Math.abs(v - (p[i] as number)), 0) / 5, 1e-12));
  assert.ok(near(r2, 1 - squared / y.reduce((s, v) => s + (v - mean) ** 2, 0), 1e-12));
  assert.equal(createMetrics('regression', 0).values(), [0, null, null, null]);
  const flat = createMetrics('regression', 0);
  for (let i = 0; i < 3; i++) flat.add(2, p, i, 5);
  assert.is(flat.values()[3], null, 'r2 of a constant label');
});

test('classification metrics by their definitions', () => {
  const yes = [0.9, 0.2, 0.5, 0.4];
  const scores = Float64Array.from([...yes.map((q) => 1 - q), ...yes]);
  const labels = [1, 0, 0, 1];
  const m = createMetrics('classification', 2);
  labels.forEach((c, i) => {
    m.add(c, scores, i, 4);
  });
  const [n, accuracy, area, loss] = m.values() as [number, number, number, number];
  // 0.5 is a tie, which the first class wins.
  assert.equal([n, accuracy, area], [4, 3 / 4, 3 / 4]);
  assert.ok(near(loss, labels.reduce((s, c, i) => s + logLoss(yes[i] as number, c), 0) / 4, 1e-12));
  // A class that the model does not know is a mistake, and says nothing about the order of the others.
  m.add(-1, scores, 0, 4);
  assert.equal(m.values().slice(0, 3), [5, 3 / 5, 3 / 4]);
  const one = createMetrics('classification', 2);
  one.add(1, scores, 0, 4);
  assert.is(one.values()[2], null, 'auc of one class');
  const three = createMetrics('classification', 3);
  three.add(2, Float64Array.of(0.2, 0.3, 0.5), 0, 1);
  assert.equal(three.values().slice(0, 3), [1, 1, null]);
});

test('there and back', () => {
  for (const model of [trees(), linear()]) {
    const back = decodeModel(encodeModel(model), 'm');
    assert.equal(back, model);
    assert.equal(scored(back, x), scored(model, x));
  }
});

function complaint(bytes: Uint8Array): string {
  try {
    decodeModel(bytes, 'm.json');
  } catch (e) {
    if (!(e instanceof RunError)) throw e;
    assert.is(e.code, 'FLOW7011');
    assert.is(e.where.file, 'm.json');
    return e.message;
  }
  return 'none';
}

test('what is not a model is told so', () => {
  const text = (v: unknown): Uint8Array => new TextEncoder().encode(typeof v === 'string' ? v : JSON.stringify(v));
  assert.is(complaint(text('')), 'm.json is not a model: it is not JSON');
  assert.is(complaint(text(JSON.stringify(trees()).slice(0, -9))), 'm.json is not a model: it is not JSON');
  assert.is(complaint(text([1])), 'm.json is not a model: it was not written by flowc');
  assert.is(
    complaint(text({ ...trees(), version: 2 })),
    'm.json is not a model: it was written by another version of flowc',
  );
  assert.is(complaint(text({ ...trees(), classes: ['a'] })), 'm.json is not a model: its classes is damaged');
  assert.is(complaint(text({ ...trees(), features: [] })), 'm.json is not a model: its part is damaged');
});

test('a tree that leads back to itself is damaged', () => {
  const m = structuredClone(trees()) as unknown as { part: { trees: { tree: { left: number[] } }[] } };
  (m.part.trees[0] as { tree: { left: number[] } }).tree.left[0] = 0;
  assert.is(complaint(new TextEncoder().encode(JSON.stringify(m))), 'm.json is not a model: its part is damaged');
});

/** Places of every value within some JSON. */
function places(v: unknown, at: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof v !== 'object' || v === null) return [at];
  return [at, ...Object.entries(v).flatMap(([k, child]) => places(child, [...at, Array.isArray(v) ? Number(k) : k]))];
}

test('any part replaced or gone: refused, or scored without harm', () => {
  for (const model of [trees(), linear()]) {
    const all = places(model).filter((p) => p.length > 0);
    fc.assert(
      fc.property(
        fc.constantFrom(...all),
        fc.constantFrom(undefined, null, -1, 0, 1.5, 1e9, 'a', [], {}, true, [[]]),
        (place, value) => {
          const damaged = structuredClone(model) as unknown;
          const last = place.at(-1) as string;
          const parent = place
            .slice(0, -1)
            .reduce<unknown>((v, k) => (v as Record<string, unknown>)[k], damaged) as Record<string, unknown>;
          if (value === undefined) delete parent[last];
          else parent[last] = value;
          let read: Model;
          try {
            read = decodeModel(encodeModel(damaged as Model), 'm');
          } catch (e) {
            assert.ok(e instanceof RunError && e.code === 'FLOW7011', String(e));
            return;
          }
          const cols = [0, 1].map((k) => Float64Array.from(x, (row) => row[k] as number));
          assert.ok(scoreBatch(read, cols, x.length).length >= x.length);
        },
      ),
      { numRuns: 400, seed: 3 },
    );
  }
});

const dict = (values: (string | null)[]): Column => {
  const entries = ['zzz', ...new Set(values.filter((v) => v !== null))] as string[];
  const plain = columnFromValues(T.string, values);
  const codes = Int32Array.from(values, (v) => (v === null ? 0 : entries.indexOf(v)));
  const dictionary = columnFromValues(T.string, entries);
  if (dictionary.phys !== 'utf8') throw new Error('not text');
  return {
    phys: 'dict',
    type: T.string,
    length: values.length,
    nullCount: plain.nullCount,
    validity: plain.validity,
    codes,
    dictionary,
  };
};

test('categories: plain and dictionary columns, null and unseen', () => {
  const values = ['b', null, 'a', 'new', 'b', 'a'];
  const index = classIndex(['a', 'b']);
  for (const c of [columnFromValues(T.string, values), dict(values)]) {
    const codes = new Int32Array(6);
    classCodes(c, 6, index, codes);
    assert.equal([...codes], [1, -1, 0, -1, 1, 0]);
    const feature: ModelFeature = { name: 'f', type: T.string, encoding: 'onehot', categories: ['a', 'b'] };
    const n: ModelFeature = { name: 'n', type: T.int, encoding: 'numeric', categories: [] };
    const e = featureEncoder([feature, n], ['f', 'n']);
    const out = e.room(6);
    const schema = [
      { name: 'f', type: T.string, nullable: true },
      { name: 'n', type: T.int, nullable: true },
    ];
    e.encode({ schema, rows: 6, columns: [c, columnFromValues(T.int, [1, 2, null, 4, 5, 6])] }, out);
    assert.equal(
      out.map((col) => [...col]),
      [
        [0, 0, 1, 0, 0, 1],
        [1, 0, 0, 0, 1, 0],
        [1, 2, Number.NaN, 4, 5, 6],
      ],
    );
    assert.equal(e.indicator, [true, true, false]);
  }
});

test('numbers of every type', () => {
  const column = (type: ModelFeature['type'], values: Parameters<typeof columnFromValues>[1]) => {
    const e = featureEncoder([{ name: 'f', type, encoding: 'numeric', categories: [] }], ['f']);
    const out = e.room(values.length);
    e.encode(
      { schema: [{ name: 'f', type, nullable: true }], rows: values.length, columns: [columnFromValues(type, values)] },
      out,
    );
    return [...(out[0] as Float64Array)];
  };
  assert.equal(column(T.bool, [true, false, null]), [1, 0, Number.NaN]);
  assert.equal(column(T.int, [1, 2n ** 60n]), [1, 2 ** 60]);
  assert.equal(column(T.decimal(10, 2), [150, null]), [1.5, Number.NaN]);
  assert.equal(column(T.decimal(38, 2), [10n ** 30n, 25]), [1e28, 0.25]);
  assert.equal(column(T.date, [19000]), [19000]);
});

test('batches of any size are taken in blocks that fit', () => {
  const rows = 200_000;
  const values = Array.from({ length: rows }, (_, i) => i);
  const b = { schema: [{ name: 'f', type: T.int, nullable: false }], rows, columns: [columnFromValues(T.int, values)] };
  for (const width of [0, 1, 50, 1000, 1e6]) {
    const room = blockRows(width);
    assert.ok(room >= 64 && room <= 65536 && (room * width <= 2 ** 20 || room === 64));
    let at = 0;
    for (const part of pieces(b, width)) {
      assert.ok(part.rows <= room);
      const c = part.columns[0];
      assert.is(c?.phys === 'i32' && c.values[0], at);
      at += part.rows;
    }
    assert.is(at, rows);
  }
});

test.run();
