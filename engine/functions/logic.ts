import { type DataType, formatType, T } from '../types.ts';
import { family, overload, type Resolved } from './build.ts';
import { commonTypeOf, implicitCost } from './types.ts';

type B = boolean | null;

export const and3 = (a: B, b: B): B => (a === false || b === false ? false : a === null || b === null ? null : true);
export const or3 = (a: B, b: B): B => (a === true || b === true ? true : a === null || b === null ? null : false);

const isBool = (t: DataType): boolean => t.kind === 'bool' || t.kind === 'null';

function logical(call: (a: B, b: B) => B): (args: readonly DataType[]) => Resolved {
  return (args) =>
    args.length === 2 && args.every(isBool)
      ? overload([T.bool, T.bool], T.bool, { call }, (n) => n.some(Boolean))
      : null;
}

/** All arguments to one type; the first that is not null. */
function coalesce(args: readonly DataType[], literals: readonly unknown[]): Resolved {
  const t = commonTypeOf(args, literals);
  if (t === null || args.length === 0) return null;
  const call = (...values: unknown[]): unknown => values.find((v) => v !== null) ?? null;
  return overload(
    args.map(() => t),
    t,
    { call },
    (n) => n.every(Boolean),
  );
}

function choose(args: readonly DataType[], literals: readonly unknown[]): Resolved {
  const [when, ...rest] = args;
  if (when === undefined || !isBool(when) || rest.length < 1 || rest.length > 2) return null;
  const t = commonTypeOf(rest, literals.slice(1));
  if (t === null) return { error: 'the two results of if() have no common type' };
  const call = (c: B, a: unknown, b: unknown = null): unknown => (c === true ? a : b);
  return overload([T.bool, ...rest.map(() => t)], t, { call }, (n) => rest.length === 1 || n.slice(1).some(Boolean));
}

export const LOGIC = family('operator', {
  and: {
    doc: 'Three-valued: false if a side is false, else null if a side is null. The right side is not evaluated when the left one is false.',
    signature: 'a and b',
    examples: [
      ['true and null', 'null'],
      ['false and null', 'false'],
    ],
    nulls: 'custom',
    resolve: logical(and3),
  },
  or: {
    doc: 'Three-valued: true if a side is true, else null if a side is null. The right side is not evaluated when the left one is true.',
    signature: 'a or b',
    examples: [
      ['true or null', 'true'],
      ['false or null', 'null'],
    ],
    nulls: 'custom',
    resolve: logical(or3),
  },
  not: {
    doc: 'Negation; null of null.',
    signature: 'not a',
    examples: [['not true', 'false']],
    resolve: (args) =>
      args.length === 1 && isBool(args[0] as DataType)
        ? overload([T.bool], T.bool, { inline: (a) => `(!${a})` })
        : null,
  },
});

const nvl2: (args: readonly DataType[], literals: readonly unknown[]) => Resolved = (args, literals) => {
  const [tested, ...rest] = args;
  if (tested === undefined || rest.length !== 2) return null;
  const t = commonTypeOf(rest, literals.slice(1));
  if (t === null) return { error: 'the two results of nvl2() have no common type' };
  const call = (x: unknown, a: unknown, b: unknown): unknown => (x === null ? b : a);
  return overload([tested, t, t], t, { call }, (n) => n.slice(1).some(Boolean));
};

/** The n-th of the arguments behind the first. */
const pick: (args: readonly DataType[], literals: readonly unknown[]) => Resolved = (args, literals) => {
  const [index, ...rest] = args;
  if (index === undefined || rest.length === 0 || implicitCost(index, T.int) === null) return null;
  const t = commonTypeOf(rest, literals.slice(1));
  if (t === null) return { error: 'the arguments of choose() have no common type' };
  const call = (n: number | bigint | null, ...values: unknown[]): unknown =>
    n === null ? null : (values[Number(n) - 1] ?? null);
  return overload([T.int, ...rest.map(() => t)], t, { call }, () => true);
};

const counting =
  (wanted: (v: unknown) => boolean) =>
  (args: readonly DataType[]): Resolved =>
    args.length === 0
      ? null
      : overload(args, T.int, { call: (...values: unknown[]) => values.filter(wanted).length }, () => false);

export const CONDITIONAL = family('conditional', {
  nvl2: {
    doc: 'The second argument where the first one is not null, else the third.',
    signature: 'nvl2(x, present, absent)',
    examples: [
      ['nvl2(1, "some", "none")', '"some"'],
      ['nvl2(null, "some", "none")', '"none"'],
    ],
    nulls: 'custom',
    resolve: nvl2,
  },
  choose: {
    doc: 'The n-th of the arguments behind n, from 1; null when there is none.',
    signature: 'choose(n, a, b, …)',
    examples: [
      ['choose(2, "low", "mid", "high")', '"mid"'],
      ['choose(9, "low", "mid", "high")', 'null'],
    ],
    nulls: 'custom',
    resolve: pick,
  },
  num_nulls: {
    doc: 'How many of the arguments are null.',
    signature: 'num_nulls(a, b, …)',
    examples: [['num_nulls(1, null, "x")', '1']],
    nulls: 'custom',
    resolve: counting((v) => v === null),
  },
  num_nonnulls: {
    doc: 'How many of the arguments are not null.',
    signature: 'num_nonnulls(a, b, …)',
    examples: [['num_nonnulls(1, null, "x")', '2']],
    nulls: 'custom',
    resolve: counting((v) => v !== null),
  },
  typeof: {
    doc: 'The type of the argument, as it is written in a file.',
    signature: 'typeof(x)',
    examples: [
      ['typeof(1.5)', '"float"'],
      ['typeof("1.5"::decimal(4, 2))', '"decimal(4, 2)"'],
    ],
    nulls: 'custom',
    resolve: ([t, ...more]) =>
      t === undefined || more.length > 0 ? null : overload([t], T.string, { call: () => formatType(t) }, () => false),
  },
  coalesce: {
    doc: 'The first argument that is not null. Also written `a ?? b`. Later arguments are not evaluated.',
    signature: 'coalesce(a, b, …)',
    aliases: ['ifnull', 'nvl'],
    examples: [
      ['coalesce(null, 2, 3)', '2'],
      ['null ?? "x"', '"x"'],
    ],
    nulls: 'custom',
    resolve: coalesce,
  },
  if: {
    doc: 'The second argument where the condition is true, else the third (null when there is none). Only the chosen one is evaluated.',
    signature: 'if(condition, then, otherwise?)',
    aliases: ['iff'],
    examples: [
      ['if(1 < 2, "yes", "no")', '"yes"'],
      ['if(null, 1, 2)', '2'],
      ['if(false, 1)', 'null'],
    ],
    nulls: 'custom',
    resolve: choose,
  },
});
