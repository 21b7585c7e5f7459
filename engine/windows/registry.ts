import { T, type Typed } from '../types.ts';
import type { ConstantArg, WindowDef, WindowNeeds } from './def.ts';

const RANKING: WindowNeeds = { sort: true, frame: false, ignoreNulls: false };
const OFFSET: WindowNeeds = { sort: false, frame: false, ignoreNulls: true };
const FRAMED: WindowNeeds = { sort: false, frame: true, ignoreNulls: true };

const int = () => ({ type: T.int, nullable: false });
const float = () => ({ type: T.float, nullable: false });
const valueType = (value: Typed | null) => ({ type: value?.type ?? T.null, nullable: true });

function ranking(
  name: string,
  doc: string,
  examples: WindowDef['examples'],
  type: WindowDef['type'],
  constant: ConstantArg | null = null,
  needs: WindowNeeds = RANKING,
): WindowDef {
  const signature = `${name}(${constant?.name ?? ''}) over (by … sort …)`;
  return { name, doc, signature, examples, needs, value: false, constant, fallback: false, type };
}

/** Functions that give a row the value of another row. */
function picking(
  name: string,
  signature: string,
  doc: string,
  examples: WindowDef['examples'],
  needs: WindowNeeds,
  constant: ConstantArg | null = null,
  fallback = false,
): WindowDef {
  return { name, doc, signature, examples, needs, value: true, constant, fallback, type: valueType };
}

const OFFSET_ARG: ConstantArg = { name: 'offset', least: 0, default: 1 };

/** Every function of windows once, in the order of the reference. The examples are over the rows that the reference shows. */
export const WINDOW_LIST: readonly WindowDef[] = [
  ranking(
    'row_number',
    'The number of the row in its partition, from 1, in the order of `sort`; without one, in the order of the rows. Rows that are equal in the order are numbered in the order in which they come.',
    [['row_number() over (by k sort t)', '1, 2, 3, 4, 1, 2']],
    int,
    null,
    { sort: false, frame: false, ignoreNulls: false },
  ),
  ranking(
    'rank',
    'The place of the row in the order of its partition, from 1: one more than the rows before it. Rows that are equal in the order share a place, and as many places behind it are left out.',
    [['rank() over (by k sort t)', '1, 2, 2, 4, 1, 2']],
    int,
  ),
  ranking(
    'dense_rank',
    'As rank, without leaving places out: one more than the different keys before the row.',
    [['dense_rank() over (by k sort t)', '1, 2, 2, 3, 1, 2']],
    int,
  ),
  ranking(
    'percent_rank',
    'The rank as a share of the partition, from 0 to 1: (rank - 1) / (rows - 1); 0 in a partition of one row.',
    [['round(percent_rank() over (by k sort t), 2)', '0.0, 0.33, 0.33, 1.0, 0.0, 1.0']],
    float,
  ),
  ranking(
    'cume_dist',
    'The share of the rows of the partition that do not come behind the row: those before it, and those equal to it in the order.',
    [['cume_dist() over (by k sort t)', '0.25, 0.75, 0.75, 1.0, 0.5, 1.0']],
    float,
  ),
  ranking(
    'ntile',
    'Cuts the partition, in its order, into `buckets` parts whose sizes differ by one row at most, larger ones first; gives the number of the row’s part, from 1. `buckets` is a constant.',
    [['ntile(3) over (by k sort t)', '1, 1, 2, 3, 1, 2']],
    int,
    { name: 'buckets', least: 1, default: null },
    { sort: true, frame: false, ignoreNulls: false },
  ),
  picking(
    'lag',
    'lag(value, offset?, default?, ignore_nulls: bool?) over (by … sort …)',
    'The value `offset` rows (a constant, 1 if not given) before the row in its partition; `default`, or null, where there is no such row. With `ignore_nulls: true` rows whose value is null do not count.',
    [
      ['lag(v) over (by k sort t)', 'null, 10, null, 30, null, 5'],
      ['lag(v, 2, 0) over (by k sort t)', '0, 0, 10, null, 0, 0'],
      ['lag(v, ignore_nulls: true) over (by k sort t)', 'null, 10, 10, 30, null, 5'],
    ],
    OFFSET,
    OFFSET_ARG,
    true,
  ),
  picking(
    'lead',
    'lead(value, offset?, default?, ignore_nulls: bool?) over (by … sort …)',
    'As lag, with the rows behind the row.',
    [['lead(v) over (by k sort t)', 'null, 30, 20, null, 7, null']],
    OFFSET,
    OFFSET_ARG,
    true,
  ),
  picking(
    'first_value',
    'first_value(value, ignore_nulls: bool?) over (by … sort … rows|range …)',
    'The value of the first row of the frame; null where the frame is empty. With `ignore_nulls: true` the first one that is not null.',
    [['first_value(v) over (by k sort t)', '10, 10, 10, 10, 5, 5']],
    FRAMED,
  ),
  picking(
    'last_value',
    'last_value(value, ignore_nulls: bool?) over (by … sort … rows|range …)',
    'The value of the last row of the frame; null where the frame is empty. Without a frame behind `sort` that is the last one of the rows that are equal to the row in the order: `rows ..` makes it the last one of the partition.',
    [
      ['last_value(v) over (by k sort t rows ..)', '20, 20, 20, 20, 7, 7'],
      ['last_value(v, ignore_nulls: true) over (by k sort t rows ..0)', '10, 10, 30, 20, 5, 7'],
    ],
    FRAMED,
  ),
  picking(
    'nth_value',
    'nth_value(value, n, ignore_nulls: bool?) over (by … sort … rows|range …)',
    'The value of row `n` (a constant, from 1) of the frame; null where the frame has fewer rows.',
    [['nth_value(v, 3) over (by k sort t rows ..)', '30, 30, 30, 30, null, null']],
    FRAMED,
    { name: 'n', least: 1, default: null },
  ),
];

/** By name and alias; without a prototype, so that any text may be looked up. */
export const WINDOWS: Readonly<Record<string, WindowDef>> = Object.freeze(
  Object.assign(
    Object.create(null) as Record<string, WindowDef>,
    Object.fromEntries(WINDOW_LIST.flatMap((def) => [def.name, ...(def.aliases ?? [])].map((name) => [name, def]))),
  ),
);
