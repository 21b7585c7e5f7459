import { T } from '../engine/types.ts';
import { escapeText } from '../grammar/literals.ts';
import { quoteName } from '../grammar/words.ts';
import { drawAggregate } from './aggregates.ts';
import type { Draw } from './draw.ts';
import { expression, named, type PipelineColumn } from './expressions.ts';
import { KINDS, type Kind, kindOf, NESTED_KINDS, TYPES } from './kinds.ts';

interface Place {
  /** Their names as they are written. */
  readonly columns: readonly PipelineColumn[];
  readonly counts: { fresh: number; widening: number };
  /** The name that a column gets in place of a plain one. */
  readonly naming: (plain: string) => string;
}

interface Made {
  readonly text: readonly string[];
  readonly columns: readonly PipelineColumn[];
}

type Maker = (d: Draw, p: Place) => Made | null;

/** Steps that multiply rows, at most, in one pipeline. */
const MOST_WIDENING = 3;
const MOST_COLUMNS = 12;

/** One step, or two that belong together, over these columns. A step that is not possible here is a filter instead. */
export function step(d: Draw, p: Place): Made {
  const maker = d.pick(STEPS);
  return maker(d, p) ?? (where(d, p) as Made);
}

const freshName = (p: Place, stem: string): string => p.naming(`${stem}${p.counts.fresh++}`);
const fresh = (p: Place, stem: string): string => quoteName(freshName(p, stem));
const names = (columns: readonly PipelineColumn[]): string => columns.map((c) => c.name).join(', ');
/** Those that have an order, of which there is always one. */
const columnsIn = (p: Place): readonly PipelineColumn[] =>
  p.columns.filter((c) => KINDS.some((k) => k === kindOf(c.type)));

const where: Maker = (d, p) => ({ text: [`where ${expression(d, 'bool', p.columns)}`], columns: p.columns });

const remove: Maker = (d, p) => ({ text: [`remove ${expression(d, 'bool', p.columns)}`], columns: p.columns });

const derive: Maker = (d, p) => {
  if (p.columns.length >= MOST_COLUMNS) return null;
  const kind: Kind = d.pick([...KINDS, ...NESTED_KINDS]);
  const name = fresh(p, 'c');
  const text = `derive ${name} = ${expression(d, kind, p.columns, 3)}`;
  return { text: [text], columns: [...p.columns, { name, type: TYPES[kind] }] };
};

const select: Maker = (d, p) => {
  const some = d.some(p.columns);
  const kept = columnsIn({ ...p, columns: some }).length > 0 ? some : [...some, columnsIn(p)[0] as PipelineColumn];
  return { text: [`select ${names(kept)}`], columns: kept };
};

const drop: Maker = (d, p) => {
  const gone = d.pick(p.columns);
  // One that has an order stays.
  if (columnsIn(p).length < 2 && columnsIn(p).includes(gone)) return null;
  return { text: [`drop ${gone.name}`], columns: p.columns.filter((c) => c !== gone) };
};

const rename: Maker = (d, p) => {
  const old = d.pick(p.columns);
  const name = fresh(p, 'r');
  const columns = p.columns.map((c) => (c === old ? { ...c, name } : c));
  return { text: [`rename ${name} = ${old.name}`], columns };
};

/** All columns are keys, so that the order of equal rows does not matter. */
function sorted(d: Draw, p: Place): string {
  const all = columnsIn(p);
  const at = d.below(all.length);
  const nested = p.columns.filter((c) => !all.includes(c)).map((c) => `to_json(${c.name})::string`);
  const keys = [...all.slice(at).map((c) => c.name), ...all.slice(0, at).map((c) => c.name), ...nested].map(
    (key) => `${key}${d.pick(['', ' desc', ' nulls first', ' desc nulls first'])}`,
  );
  return `sort ${keys.join(', ')}`;
}

const cut: Maker = (d, p) => ({
  text: [sorted(d, p), d.pick(['take 5', 'take 0', 'take 100', 'skip 2', 'take 3..7'])],
  columns: p.columns,
});

const distinct: Maker = (d, p) => {
  if (d.below(2) === 0) return { text: ['distinct'], columns: p.columns };
  return { text: [sorted(d, p), `distinct ${names(d.some(columnsIn(p)))}`], columns: p.columns };
};

const summarize: Maker = (d, p) => {
  const keys = d.below(4) === 3 ? [] : d.some(columnsIn(p)).slice(0, 3);
  // Rows in a total order, so that aggregates may look at it.
  const order = d.below(2) === 1 ? [sorted(d, p)] : [];
  const chosen = [0, 1].map(() => {
    const { call, around, type } = drawAggregate(d, (kind) => expression(d, kind, p.columns), order.length > 0);
    return { name: fresh(p, 'a'), type, text: around(call) };
  });
  const count = fresh(p, 'n');
  const by = keys.length === 0 ? '' : ` by ${names(keys)}`;
  return {
    text: [...order, `summarize ${count} = count(), ${chosen.map((c) => `${c.name} = ${c.text}`).join(', ')}${by}`],
    columns: [...keys, { name: count, type: T.int }, ...chosen.map(({ name, type }) => ({ name, type }))],
  };
};

const join: Maker = (d, p) => {
  const keys = named(p.columns, 'int');
  const texts = named(p.columns, 'string');
  if (keys.length === 0 || p.counts.widening >= MOST_WIDENING) return null;
  const kind = d.pick(['', 'left ', 'semi ', 'anti ', 'right ', 'full ', 'asof ']);
  const both = texts.length > 0 && d.below(3) === 2 ? ` and ${d.pick(texts).name} == b.s` : '';
  const rest = d.pick(['', '', ` and b.w > ${d.pick(keys).name}`, ' and b.w is not null']);
  const right = d.pick(['other', '(from other | where w > 0)']);
  const dates = named(p.columns, 'date');
  const nearest = dates.length > 0 ? `${d.pick(dates).name} ${d.pick(['>=', '>', '<=', '<'])} b.d` : null;
  if (kind === 'asof ' && nearest === null) return null;
  const more = kind === 'asof ' ? ` and ${nearest}` : `${both}${rest}`;
  const on = `join ${kind}${right} as b on ${d.pick(keys).name} == b.k${more}`;
  if (kind === 'semi ' || kind === 'anti ') return { text: [on], columns: p.columns };
  p.counts.widening++;
  const [w, e] = [fresh(p, 'w'), fresh(p, 'e')];
  return {
    text: [`${on} add ${w} = b.w, ${e} = b.d`],
    columns: [...p.columns, { name: w, type: T.int }, { name: e, type: T.date }],
  };
};

const union: Maker = (d, p) => {
  const ints = named(p.columns, 'int');
  if (ints.length === 0 || p.counts.widening >= MOST_WIDENING) return null;
  p.counts.widening++;
  const [one] = ints as [PipelineColumn];
  const how = d.pick(['', 'distinct ']);
  return {
    text: [`select ${one.name}`, `union ${how}(from other | select ${one.name} = ${d.pick(['w', 'k'])})`],
    columns: [one],
  };
};

const setOperation: Maker = (d, p) => {
  const ints = named(p.columns, 'int');
  if (ints.length === 0) return null;
  const [one] = ints as [PipelineColumn];
  const how = d.pick(['except', 'intersect']);
  return {
    text: [`select ${one.name}`, `${how} (from other | select ${one.name} = ${d.pick(['w', 'k'])})`],
    columns: [one],
  };
};

/** Rows tested against another relation. */
const subquery: Maker = (d, p) => {
  const int = expression(d, 'int', p.columns, 1);
  const test = d.pick([
    `${int} in (from other | select k)`,
    `${int} not in (from other | where k is not null | select k)`,
    `${int} <= scalar(from other | summarize m = max(w))`,
    `(${int} in (from other | select w) or ${expression(d, 'bool', p.columns, 1)})`,
    `${int} not in (from other | select w)`,
  ]);
  return { text: [`where ${test}`], columns: p.columns };
};

const subtotals: Maker = (d, p) => {
  const all = columnsIn(p);
  if (all.length < 2) return null;
  const at = d.below(all.length - 1);
  const keys = all.slice(at, at + 2);
  const [n, sum] = [fresh(p, 'n'), fresh(p, 'a')];
  const sets = d.pick([
    `rollup(${names(keys)})`,
    `cube(${names(keys)})`,
    `sets((${names(keys)}), (${keys[1]?.name}), ())`,
  ]);
  return {
    text: [`summarize ${n} = count(), ${sum} = sum(${expression(d, 'int', p.columns)}) by ${sets}`],
    columns: [...keys, { name: n, type: T.int }, { name: sum, type: T.int }],
  };
};

const unpivot: Maker = (_, p) => {
  const ints = named(p.columns, 'int');
  if (ints.length < 2 || p.counts.widening >= MOST_WIDENING) return null;
  p.counts.widening++;
  const [a, b] = ints as [PipelineColumn, PipelineColumn];
  const [label, value] = [fresh(p, 'l'), fresh(p, 'v')];
  return {
    text: [`unpivot ${a.name}, ${b.name} into ${label}, ${value}`],
    columns: [
      ...p.columns.filter((c) => c !== a && c !== b),
      { name: label, type: T.string },
      { name: value, type: T.int },
    ],
  };
};

const explode: Maker = (d, p) => {
  const ints = named(p.columns, 'int');
  if (ints.length === 0 || p.counts.widening >= MOST_WIDENING) return null;
  p.counts.widening++;
  const [a, b] = [d.pick(ints).name, d.pick(ints).name];
  const [one, two] = [fresh(p, 'i'), fresh(p, 'i')];
  const kept = `list_filter([${a}, ${b}, 1], it => it > ${d.pick(ints).name})`;
  const outer = d.pick(['', 'outer ']);
  const columns = [...p.columns, { name: one, type: T.int }];
  if (d.below(2) === 0) return { text: [`explode ${outer}${kept} as ${one}`], columns };
  return {
    text: [`explode ${outer}${kept} as ${one}, [${a}] as ${two}`],
    columns: [...columns, { name: two, type: T.int }],
  };
};

const pivot: Maker = (d, p) => {
  const texts = named(p.columns, 'string');
  const keys = named(p.columns, 'int');
  if (texts.length === 0 || keys.length === 0) return null;
  const by = d.pick(keys);
  const names = [freshName(p, 'p'), freshName(p, 'p')] as const;
  const [one, other] = names.map((name) => `"${escapeText(name, '"')}"`);
  return {
    text: [
      `derive pk = case when ${d.pick(texts).name} like "%a%" then ${one} else ${other} end`,
      `pivot pk values [${one}, ${other}] into sum(${d.pick(keys).name}) by ${by.name}`,
    ],
    columns: [by, ...names.map((name) => ({ name: quoteName(name), type: T.int }))],
  };
};

/** Functions of windows, with what they give. Those of the first list do not tell equal rows apart, those of the second want an order of all columns. */
const OVER_PEERS = ['rank()', 'dense_rank()', 'count()'];
const OVER_ROWS = ['row_number()'];

const window: Maker = (d, p) => {
  if (p.columns.length >= MOST_COLUMNS) return null;
  const name = fresh(p, 'o');
  const int = expression(d, 'int', p.columns, 1);
  const by = d.below(3) === 0 ? '' : `by ${d.pick(columnsIn(p)).name} `;
  const total = d.below(2) === 0;
  const order = total ? sorted(d, p) : `sort ${d.pick(columnsIn(p)).name}${d.pick(['', ' desc', ' nulls first'])}`;
  const [whole, some] = [`sum(${int})`, d.pick([`max(${int})`, `min(${int})`, `sum(${int})`, `count(${int})`])];
  const frame = d.pick(['rows -2..0', 'rows ..0', 'rows 0..', 'rows -1..1', 'rows -3..-1']);
  const call = total
    ? d.pick([
        `${d.pick(OVER_ROWS)} over (${by}${order})`,
        `${d.pick(['lag', 'lead'])}(${int}${d.pick(['', ', 2'])}) over (${by}${order})`,
        `${some} over (${by}${order} ${frame})`,
        `${d.pick(['first_value', 'last_value'])}(${int}) over (${by}${order} ${frame})`,
      ])
    : d.pick([
        `${d.pick(OVER_PEERS)} over (${by}${order})`,
        `${some} over (${by}${order})`,
        by === '' ? `${whole} over (${order} range ..)` : `${whole} over (${by.trim()})`,
      ]);
  return { text: [`derive ${name} = ${call}`], columns: [...p.columns, { name, type: T.int }] };
};

/** An aggregate of the registry over a frame. */
const windowAggregate: Maker = (d, p) => {
  if (p.columns.length >= MOST_COLUMNS) return null;
  const name = fresh(p, 'o');
  const by = d.below(3) === 0 ? '' : `by ${d.pick(columnsIn(p)).name} `;
  const total = d.below(2) === 0;
  const { call, around, type } = drawAggregate(d, (kind) => expression(d, kind, p.columns, 1), total);
  const frame = d.pick(['rows -2..0', 'rows ..0', 'rows 0..', 'rows -1..1', 'rows -3..-1', '']);
  const over = total ? `${by}${sorted(d, p)} ${frame}` : by;
  return {
    text: [`derive ${name} = ${around(`${call} over (${over.trim()})`)}`],
    columns: [...p.columns, { name, type }],
  };
};

const topOfEach: Maker = (d, p) => ({
  text: [`take ${d.pick(['1', '2', '2..3', '0'])} ${sorted(d, p)} by ${names(d.some(columnsIn(p)).slice(0, 2))}`],
  columns: p.columns,
});

const fill: Maker = (d, p) => {
  const filled = d.pick(columnsIn(p));
  const by = d.below(2) === 0 ? '' : ` by ${d.pick(columnsIn(p)).name}`;
  return { text: [`fill ${d.pick(['forward', 'backward'])} ${filled.name} ${sorted(d, p)}${by}`], columns: p.columns };
};

/** In the order in which they get simpler to read. */
const STEPS: readonly Maker[] = [
  where,
  select,
  derive,
  derive,
  drop,
  rename,
  remove,
  distinct,
  cut,
  summarize,
  summarize,
  join,
  join,
  union,
  unpivot,
  explode,
  pivot,
  window,
  window,
  windowAggregate,
  topOfEach,
  fill,
  setOperation,
  subquery,
  subtotals,
];
