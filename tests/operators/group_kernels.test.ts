// Grouping by kernels gives what it gives without them: group numbers, keys, states and results, byte for byte.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AGGREGATE_LIST } from '../../engine/aggregates/registry.ts';
import { columnFromValues } from '../../engine/batch/build.ts';
import { encodeBatch, encodedSize } from '../../engine/batch/codec.ts';
import type { Column } from '../../engine/batch/column.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import { useKernels } from '../../engine/kernels/load.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { GroupTable } from '../../engine/operators/hash_table.ts';
import { testStore } from '../../engine/store/store.ts';
import type { DataType } from '../../engine/types.ts';
import { field, T } from '../../engine/types.ts';
import { toDict } from '../batch/arbitrary.ts';
import { columnInArena } from '../kernels/arena.ts';
import { valuesOf } from './tables.ts';

const store = testStore();
const scratch = arenaScratch(store);

/** JavaScript does not say which of its NaNs a typed array holds. */
function oneNaN(col: Column): Column {
  return col.phys === 'f64' ? { ...col, values: col.values.map((v) => (Number.isNaN(v) ? Number.NaN : v)) } : col;
}

function encoded(list: readonly Column[]): string {
  const cols = list.map(oneNaN);
  const schema = cols.map((c, i) => field(`c${i}`, c.type));
  const batch = { schema, rows: cols[0]?.length ?? 0, columns: cols };
  const bytes = new Uint8Array(encodedSize(batch));
  encodeBatch(batch, bytes);
  return Buffer.from(bytes).toString('hex');
}

/** Values of a key or argument: few, so that they repeat, and the odd ones among them. */
function value(type: DataType): fc.Arbitrary<LiteralValue> {
  if (type.kind === 'float')
    return fc.oneof(
      valuesOf(type),
      fc.constantFrom<LiteralValue>(
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        0,
        -0,
        1e308,
        -1e308,
      ),
    );
  if (type.kind === 'string') return fc.oneof(valuesOf(type), fc.constantFrom('x'.repeat(300), 'x'.repeat(301)));
  return valuesOf(type);
}

const KEYS = [T.int, T.float, T.string, T.bool, T.date, T.timestamp, T.decimal(9, 2), T.decimal(38, 0), T.bytes];

interface Piece {
  readonly rows: number;
  /** By key, as indexes of its pool. */
  readonly picks: readonly number[];
  readonly nulls: boolean;
  readonly dict: boolean;
  /** Kernels on and off by turns: states of the one must do for the other. */
  readonly kernels: boolean;
}

const pieces: fc.Arbitrary<Piece[]> = fc.array(
  fc.record({
    rows: fc.oneof({ weight: 9, arbitrary: fc.nat(70) }, fc.constantFrom(1023, 1024, 1025, 3000)),
    picks: fc.array(fc.nat(), { minLength: 1, maxLength: 12 }),
    nulls: fc.boolean(),
    dict: fc.boolean(),
    kernels: fc.boolean(),
  }),
  { maxLength: 5 },
);

function column(type: DataType, pool: readonly LiteralValue[], p: Piece, k: number): Column {
  const list = Array.from({ length: p.rows }, (_, i) => {
    const pick = (p.picks[(i + k) % p.picks.length] as number) + i * (k + 1) * 7;
    return p.nulls && pick % 5 === 0 ? null : (pool[pick % pool.length] as LiteralValue);
  });
  const col = columnFromValues(type, list);
  return columnInArena(p.dict && type.kind === 'string' ? toDict(col) : col, scratch);
}

/** Everything a table tells, after each batch. */
function tableRun(
  types: readonly DataType[],
  batches: readonly (readonly Column[])[],
  on: (i: number) => boolean,
): string[] {
  const table = new GroupTable(store, types);
  const told: string[] = [];
  batches.forEach((cols, b) => {
    useKernels(on(b));
    const rows = cols[0]?.length ?? 0;
    const out = scratch.u32(rows);
    table.insert(cols, rows, out);
    told.push(out.join());
  });
  const order = table.orderByHash().slice();
  told.push(order.join());
  const inArena = scratch.u32(order.length);
  inArena.set(order);
  told.push(encoded(table.keyColumns(inArena, inArena.length, scratch)));
  table.free();
  useKernels(true);
  return told;
}

test('tables number keys alike, batch by batch', () => {
  const cases = fc
    .array(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 4 })
    .chain((types) =>
      fc.tuple(
        fc.constant(types),
        fc.tuple(...types.map((t) => fc.array(value(t), { minLength: 1, maxLength: 20 }))),
        pieces,
      ),
    );
  fc.assert(
    fc.property(cases, ([types, pools, cut]) => {
      const batches = cut.map((p) => types.map((t, k) => column(t, pools[k] as LiteralValue[], p, k)));
      const plain = tableRun(types, batches, () => false);
      assert.equal(
        tableRun(types, batches, () => true),
        plain,
      );
      assert.equal(
        tableRun(types, batches, (b) => cut[b]?.kernels === true),
        plain,
      );
      scratch.reset();
    }),
    { numRuns: 300 },
  );
});

test('int keys that lie close together, move apart, and come with nulls', () => {
  const step = fc.record({
    from: fc.oneof(fc.integer({ min: -3000, max: 3000 }), fc.integer()),
    stride: fc.constantFrom(0, 1, 2, 3, 1000003),
    rows: fc.constantFrom(1, 5, 64, 1000, 5000),
    nulls: fc.constantFrom(0, 1, 3),
    kernels: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
      const batches = steps.map(({ from, stride, rows, nulls }) => {
        const list = Array.from({ length: rows }, (_, i) =>
          nulls !== 0 && i % nulls === 0 ? null : (from + ((i * 7919) % rows) * stride) | 0,
        );
        return [columnInArena(columnFromValues(T.int, list), scratch)];
      });
      const plain = tableRun([T.int], batches, () => false);
      assert.equal(
        tableRun([T.int], batches, () => true),
        plain,
      );
      assert.equal(
        tableRun([T.int], batches, (b) => steps[b]?.kernels === true),
        plain,
      );
      scratch.reset();
    }),
    { numRuns: 150 },
  );
});

test('a morsel of keys that all differ, then the same ones again', () => {
  const n = 65536;
  const ints = Array.from({ length: n }, (_, i) => Math.imul(i, 0x9e3779b1));
  const lists: [DataType, LiteralValue[]][] = [
    [T.int, ints],
    [T.int, ints.map((v) => v * 4096)],
    [T.float, ints.map((v) => v / 8)],
    [T.string, ints.map((v) => `key ${v}`)],
  ];
  for (const [type, list] of lists) {
    const col = columnInArena(columnFromValues(type, list), scratch);
    const half = columnInArena(columnFromValues(type, list.toReversed().slice(0, 40000)), scratch);
    const plain = tableRun([type], [[col], [half], [col]], () => false);
    assert.equal(
      tableRun([type], [[col], [half], [col]], () => true),
      plain,
    );
    assert.equal(
      tableRun([type], [[col], [half], [col]], (b) => b === 1),
      plain,
    );
    scratch.reset();
  }
});

test('several keys of few values: dictionaries that change, ints that move, nulls, and too many values in between', () => {
  const texts = fc.array(fc.constantFrom('', 'a', 'b', 'cc', 'ddd', 'a longer one'), { minLength: 1, maxLength: 6 });
  const step = fc.record({
    texts,
    from: fc.constantFrom(-2147483648, -5, 0, 3, 1000, 2147483640),
    spread: fc.constantFrom(1, 3, 8, 100000),
    rows: fc.constantFrom(1, 7, 64, 1000, 9000),
    nulls: fc.constantFrom(0, 1, 3),
    dict: fc.boolean(),
    kernels: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), fc.boolean(), (steps, third) => {
      const types = third ? [T.string, T.int, T.date] : [T.string, T.int];
      const batches = steps.map(({ texts, from, spread, rows, nulls, dict }) => {
        const at = (i: number, k: number): boolean => nulls !== 0 && (i + k) % nulls === 0;
        const list = (k: number, f: (i: number) => LiteralValue): LiteralValue[] =>
          Array.from({ length: rows }, (_, i) => (at(i, k) ? null : f(i)));
        const text = columnFromValues(
          T.string,
          list(0, (i) => texts[(i * 7) % texts.length] as string),
        );
        const columns = [
          dict ? toDict(text) : text,
          columnFromValues(
            T.int,
            list(1, (i) => Math.min(2147483647, from + ((i * 31) % spread))),
          ),
          columnFromValues(
            T.date,
            list(2, (i) => (i * 13) % 5),
          ),
        ];
        return columns.slice(0, types.length).map((c) => columnInArena(c, scratch));
      });
      const plain = tableRun(types, batches, () => false);
      assert.equal(
        tableRun(types, batches, () => true),
        plain,
      );
      assert.equal(
        tableRun(types, batches, (b) => steps[b]?.kernels === true),
        plain,
      );
      scratch.reset();
    }),
    { numRuns: 200 },
  );
});

const FOLDED = new Set(['count', 'count_if', 'sum', 'mean', 'min', 'max', 'var_samp', 'corr', 'covar_pop']);
const ARGS = [T.null, T.bool, T.int, T.float, T.decimal(9, 2), T.decimal(38, 0), T.date, T.timestamp, T.string];

const PAIRS = [T.int, T.float, T.decimal(9, 2)].map((t) => [t, t]);

test('accumulators hold and give the same, adding and merging', () => {
  for (const def of AGGREGATE_LIST.filter((d) => FOLDED.has(d.name))) {
    for (const args of [[], ...ARGS.map((t) => [t]), ...PAIRS]) {
      const r = def.resolve(args);
      if (r === null) continue;
      const input = fc.record({
        pool: fc.array(args[0] === undefined ? fc.constant(null) : value(args[0]), { minLength: 1, maxLength: 12 }),
        cut: pieces,
        groups: fc.integer({ min: 1, max: 9 }),
      });
      const run = (
        { pool, cut, groups }: { pool: LiteralValue[]; cut: Piece[]; groups: number },
        on: boolean,
      ): string[] => {
        useKernels(on);
        const [one, both] = [r.create(store), r.create(store)];
        const order = scratch.u32(groups).map((_, i) => groups - 1 - i);
        const picked = scratch.u32(groups);
        picked.set(order);
        both.grow(groups + 1);
        for (const p of cut) {
          const ids = scratch.u32(p.rows);
          for (let i = 0; i < p.rows; i++) ids[i] = ((p.picks[i % p.picks.length] as number) + (i >> 4)) % groups;
          one.clear();
          one.grow(groups);
          one.add(
            ids,
            p.rows,
            args.map((t, k) => column(t, pool, p, k)),
          );
          const states = one.states(picked, groups, scratch);
          both.add(
            ids,
            p.rows,
            args.map((t, k) => column(t, pool, p, k + 1)),
          );
          both.merge(picked, groups, states);
        }
        const told = [encoded(both.states(picked, groups, scratch)), encoded([both.values(picked, groups, scratch)])];
        one.free();
        both.free();
        useKernels(true);
        return told;
      };
      fc.assert(
        fc.property(input, (i) => {
          const attempt = (on: boolean): string[] => {
            try {
              return run(i, on);
            } catch (e) {
              return [String(e)];
            } finally {
              useKernels(true);
            }
          };
          assert.equal(attempt(true), attempt(false), `${def.name} ${args.map((t) => t.kind).join()}`);
          scratch.reset();
        }),
        { numRuns: 40 },
      );
    }
  }
});

test.run();
