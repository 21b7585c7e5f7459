import type { DataType } from '../engine/types.ts';
import { registeredCalls } from './calls.ts';
import type { Draw } from './draw.ts';
import { KINDS, type Kind, kindOf, LITERALS } from './kinds.ts';

/** A column that a generated pipeline knows of. */
export interface PipelineColumn {
  readonly name: string;
  readonly type: DataType;
}

export const named = (columns: readonly PipelineColumn[], kind: Kind): readonly PipelineColumn[] =>
  columns.filter((c) => kindOf(c.type) === kind);

/** An expression of a kind, as text. It does not fail, whatever the values are, as long as they are of the size that tables without extremes have. */
export function expression(d: Draw, kind: Kind, columns: readonly PipelineColumn[], depth = 2): string {
  const own = named(columns, kind).map((c) => c.name);
  if (depth === 0 || d.below(3) === 0) return own.length > 0 ? d.pick(own) : d.pick(LITERALS[kind]);
  const sub = (k: Kind): string => expression(d, k, columns, depth - 1);
  const forms: readonly Form[] = [...FORMS[kind], ...EVERY];
  const registered = d.functions ? registeredCalls(kind) : [];
  // Half of them, where there are any.
  if (registered.length > 0 && d.below(2) === 1) {
    const { text, args } = d.pick(d.pick(registered));
    return text(
      args.map((a) => {
        if (!('kind' in a)) return JSON.stringify(a.literal);
        return a.computed === true ? `coalesce(${sub(a.kind)}, null)` : sub(a.kind);
      }),
    );
  }
  return d.pick(forms)(sub, kind, d);
}

type Form = (sub: (k: Kind) => string, kind: Kind, d: Draw) => string;

const literal: Form = (_, kind, d) => d.pick(LITERALS[kind]);

/** For every kind. */
const EVERY: readonly Form[] = [
  literal,
  (sub, kind) => `if(${sub('bool')}, ${sub(kind)}, ${sub(kind)})`,
  (sub, kind, d) => `(${sub(kind)} ?? ${d.pick(LITERALS[kind])})`,
  (sub, kind, d) => `case when ${sub('bool')} then ${sub(kind)} when ${sub('bool')} then ${d.pick(LITERALS[kind])} end`,
];

const compared: Form = (sub, _, d) => {
  const kind = d.pick(KINDS.filter((k) => k !== 'bool'));
  return `(${sub(kind)} ${d.pick(['==', '<', '>=', '!=', '<=', '>', 'is', 'is not'])} ${sub(kind)})`;
};

const FORMS: Readonly<Record<Kind, readonly Form[]>> = {
  int: [
    (sub) => `(${sub('int')} + ${sub('int')})`,
    (sub) => `(${sub('int')} - ${sub('int')})`,
    (sub, _, d) => `(${sub('int')} * ${d.pick(['2', '-1', '0'])})`,
    (sub, _, d) => `(${sub('int')} // ${d.pick(['3', '-2', '7'])})`,
    (sub, _, d) => `(${sub('int')} % ${d.pick(['3', '5', '-2'])})`,
    (sub) => `length(${sub('string')})`,
    (sub) => `abs(${sub('int')})`,
    (sub) => `year(${sub('date')})`,
    (sub) => `(${sub('date')} - ${sub('date')})`,
    (sub, _, d) => `[${sub('int')}, ${sub('int')}][${d.pick(['0', '-1', '2'])}]`,
    (sub) => `{ a: ${sub('string')}, b: ${sub('int')} }.b`,
    (sub) => `${sub('pair')}.a`,
    (sub, _, d) => `${sub('ints')}[${d.pick(['0', '-1', '5'])}]`,
    (sub, _, d) => `${sub('counts')}[${d.pick(['"a"', '"é"'])}]`,
    (sub) => `list_sum(list_transform([${sub('int')}, ${sub('int')}], it => it - ${sub('int')}))`,
    (sub) => `list_reduce([${sub('int')}, ${sub('int')}, 1], (so_far, it) => so_far % 100 + it)`,
    (sub) => `length(list_filter([${sub('int')}, ${sub('int')}], (it, i) => it > ${sub('int')} or i == 1))`,
  ],
  float: [
    (sub) => `(${sub('float')} + ${sub('float')})`,
    (sub) => `(${sub('float')} - ${sub('int')})`,
    (sub) => `(${sub('float')} * 0.5)`,
    (sub) => `(${sub('int')} / 4)`,
    (sub) => `floor(${sub('float')})`,
    (sub) => `${sub('int')}::float`,
  ],
  decimal: [
    (sub) => `(${sub('decimal')} + ${sub('decimal')})::decimal(12, 2)`,
    (sub) => `${sub('int')}::decimal(12, 2)`,
  ],
  string: [
    (sub) => `upper(${sub('string')})`,
    (sub) => `concat(${sub('string')}, ${sub('string')})`,
    (sub, _, d) => `left(${sub('string')}, ${d.pick(['1', '2', '0'])})`,
    (sub) => `${sub('int')}::string`,
    (sub) => `trim(${sub('string')})`,
    (sub) => `reverse(${sub('string')})`,
    (sub, _, d) => `list_sort([${sub('string')}, ${sub('string')}], it => length(it)${d.pick(['', ', "desc"'])})[0]`,
    (sub) => `list_join(list_transform([${sub('string')}, ${sub('string')}], it => upper(it)), "-")`,
  ],
  bool: [
    compared,
    compared,
    (sub) => `(${sub('bool')} and ${sub('bool')})`,
    (sub) => `(${sub('bool')} or ${sub('bool')})`,
    (sub) => `(not ${sub('bool')})`,
    (sub, _, d) => `(${sub(d.pick(KINDS))} is null)`,
    (sub) => `(${sub('int')} in [1, 2, null])`,
    (sub) => `(${sub('string')} like "%a%")`,
    (sub) => `(${sub('int')} between ${sub('int')} and 3)`,
    (sub) => `starts_with(${sub('string')}, "a")`,
    (sub) => `list_any([${sub('int')}, ${sub('int')}], it => it > ${sub('int')})`,
    (sub) => `list_all([${sub('string')}, "a"], it => it is ${sub('string')} or ${sub('bool')})`,
  ],
  date: [(sub, _, d) => `(${sub('date')} + ${d.pick(['1', '-30'])})`, (sub) => `date_trunc("month", ${sub('date')})`],
  timestamp: [(sub) => `date_trunc("day", ${sub('timestamp')})`, (sub) => `(${sub('timestamp')} + 90m)`],
  ints: [
    (sub) => `[${sub('int')}, ${sub('int')}]`,
    (sub) => `list_filter(${sub('ints')}, it => it > ${sub('int')})`,
    (sub) => `list_transform(${sub('texts')}, it => length(it))`,
  ],
  texts: [(sub) => `[${sub('string')}]`, (sub) => `list_transform(${sub('ints')}, it => it::string)`],
  pair: [(sub) => `{ a: ${sub('int')}, b: ${sub('string')} }`],
  counts: [
    (sub) => `map_filter(${sub('counts')}, (k, v) => v is not null or k == ${sub('string')})`,
    (sub) => `map_transform_values(${sub('counts')}, (k, v) => length(k) + ${sub('int')})`,
  ],
  json: [(sub) => `to_json(${sub('ints')})`],
};
