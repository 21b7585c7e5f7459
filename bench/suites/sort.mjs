// Sorts of whole rows, written to a Parquet file each, so that nobody may leave the sort out; and the first hundred rows.
import { table } from './lib/files.mjs';
import { positions, positionsOf } from './lib/order.mjs';
import { generator } from './lib/random.mjs';

const COLUMNS = [
  ['id', 'int'],
  ['k', 'int'],
  ['f', 'float'],
  ['s', 'string'],
  ['g', 'int'],
];

function* lines(rows) {
  const r = generator(5);
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  for (let i = 0; i < rows; i++) {
    let word = `customer-${r.int(1, 9)}-`;
    for (let n = r.int(3, 12); n > 0; n--) word += letters[r.next() % 26];
    const key = r.int(-(2 ** 52), 2 ** 52);
    yield `${i},${key},${((r.unit() - 0.5) * 1e9).toFixed(4)},${word},${r.int(1, 100)}`;
  }
}

export const sortTable = (rows, formats) =>
  table({ folder: `sort-${rows}`, name: 't', columns: COLUMNS, lines: () => lines(rows) }, formats);

/** Keys: column, and whether it falls. `id` is the last of all, so that the order is one. */
const QUESTIONS = [
  { name: 'by an int', keys: [['k', false]] },
  { name: 'by a float, falling', keys: [['f', true]] },
  { name: 'by text', keys: [['s', false]] },
  {
    name: 'by two keys, mixed',
    keys: [
      ['g', true],
      ['s', false],
    ],
  },
  { name: 'first 100 by an int', keys: [['k', false]], take: 100 },
];
const complete = (keys) => [...keys, ['id', false]];
const written = (keys) =>
  complete(keys)
    .map(([c, falls]) => `${c}${falls ? ' desc' : ''}`)
    .join(', ');

/** A sort that writes everything it read; `outofcore` has it under a memory limit. */
export function sortCase({ name, keys, take }) {
  const orders = complete(keys);
  return {
    name,
    flowc: ({ t }, out) =>
      take
        ? `from ${t} | take ${take} sort ${written(keys)}`
        : `from ${t} | sort ${written(keys)} | write parquet(${JSON.stringify(out)})`,
    duckdb: ({ t }, out) =>
      take
        ? `from ${t} order by ${written(keys)} limit ${take}`
        : `copy (from ${t} order by ${written(keys)}) to '${out}' (format parquet, compression snappy)`,
    async polars(_, { t }, out) {
      const options = { descending: orders.map((o) => o[1]), maintainOrder: false };
      const sorted = t.sort(
        orders.map((o) => o[0]),
        options.descending,
        true,
        false,
      );
      if (take) return sorted.head(take);
      await sorted.sinkParquet(out, { compression: 'snappy' }).collect();
      return undefined;
    },
    arquero(aq, { t }) {
      const sorted = t.orderby(...orders.map(([c, falls]) => (falls ? aq.desc(c) : c))).reify();
      if (take)
        return sorted
          .slice(0, take)
          .objects()
          .map((row) => COLUMNS.map(([c]) => row[c]));
      return () => [positions(sorted.array('id'))];
    },
    python: { kind: 'sort', keys: orders, take: take ?? null },
    ...(take ? {} : { answerOf: async (out) => [await positionsOf(out, 'id')] }),
  };
}

export const suite = {
  name: 'sort',
  title: 'Sort',
  about:
    'Five columns; the sorted rows are written to a Parquet file (Arquero, which writes none, makes a new table in memory).',
  rows: 1e6,
  inputs: ['parquet', 'memory', 'csv'],
  peers: ['duckdb', 'polars', 'arquero', 'py-polars', 'pandas'],
  prepare: ({ rows, formats }) => ({ t: sortTable(rows, formats) }),
};

export const cases = () => QUESTIONS.map(sortCase);
