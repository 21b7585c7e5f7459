/** The words of the language. Everything but `reserved` is a word only in its place and legal as a name elsewhere. */

import { escapeText } from './literals.ts';

/** Never a name unless in backticks (or behind a `.`). */
export const reserved = [
  'let',
  'fn',
  'param',
  'use',
  'import',
  'schema',
  'sql',
  'from',
  'and',
  'or',
  'not',
  'in',
  'is',
  'like',
  'between',
  'case',
  'when',
  'then',
  'else',
  'end',
  'null',
  'true',
  'false',
] as const;
export type ReservedWord = (typeof reserved)[number];

/** The words that begin a statement. */
export const statementWords = ['let', 'fn', 'param', 'use', 'import', 'schema', 'from', 'sql'] as const;

export const verbs = [
  'where',
  'remove',
  'derive',
  'select',
  'drop',
  'rename',
  'summarize',
  'sort',
  'take',
  'skip',
  'distinct',
  'join',
  'union',
  'except',
  'intersect',
  'explode',
  'pivot',
  'unpivot',
  'sample',
  'split',
  'expect',
  'repartition',
  'shuffle',
  'map',
  'map_batches',
  'fill',
  'train',
  'predict',
  'evaluate',
  'tune',
  'write',
] as const;
export type Verb = (typeof verbs)[number];

/** The words that introduce a clause of a verb, for "what can stand here". */
export const clauses: Readonly<Record<Verb, readonly string[]>> = {
  where: [],
  remove: [],
  derive: [],
  select: [],
  drop: [],
  rename: [],
  summarize: ['by'],
  sort: ['asc', 'desc', 'nulls'],
  take: ['sort', 'by'],
  skip: [],
  distinct: [],
  join: ['as', 'on', 'matching', 'add'],
  union: [],
  except: [],
  intersect: [],
  explode: ['as'],
  pivot: ['values', 'into', 'by'],
  unpivot: ['into'],
  sample: ['by', 'seed'],
  split: ['by', 'seed'],
  expect: ['else'],
  repartition: ['by'],
  shuffle: ['seed'],
  map: ['as'],
  map_batches: ['as'],
  fill: ['sort', 'by'],
  train: ['label', 'features', 'seed'],
  predict: ['as'],
  evaluate: ['by'],
  tune: ['label', 'features', 'metric', 'trials', 'folds', 'halving', 'seed'],
  write: [],
};

export const joinKinds = ['inner', 'left', 'right', 'full', 'semi', 'anti', 'asof', 'cross'] as const;

/** What the same step is called elsewhere (SQL, PRQL, KQL, Polars, dplyr, pandas, Spark). */
export const verbSynonyms: Readonly<Record<string, Verb>> = {
  filter: 'where',
  having: 'where',
  query: 'where',
  exclude: 'remove',
  mutate: 'derive',
  extend: 'derive',
  with_columns: 'derive',
  with_column: 'derive',
  assign: 'derive',
  compute: 'derive',
  transmute: 'select',
  project: 'select',
  keep: 'select',
  aggregate: 'summarize',
  aggr: 'summarize',
  agg: 'summarize',
  group: 'summarize',
  group_by: 'summarize',
  groupby: 'summarize',
  summarise: 'summarize',
  order: 'sort',
  order_by: 'sort',
  orderby: 'sort',
  arrange: 'sort',
  sort_by: 'sort',
  limit: 'take',
  head: 'take',
  top: 'take',
  first: 'take',
  slice: 'take',
  offset: 'skip',
  unique: 'distinct',
  dedup: 'distinct',
  dedupe: 'distinct',
  deduplicate: 'distinct',
  drop_duplicates: 'distinct',
  merge: 'join',
  left: 'join',
  right: 'join',
  inner: 'join',
  full: 'join',
  outer: 'join',
  cross: 'join',
  inner_join: 'join',
  left_join: 'join',
  lookup: 'join',
  append: 'union',
  concat: 'union',
  union_all: 'union',
  minus: 'except',
  unnest: 'explode',
  flatten: 'explode',
  melt: 'unpivot',
  unstack: 'pivot',
  pivot_wider: 'pivot',
  pivot_longer: 'unpivot',
  assert: 'expect',
  check: 'expect',
  validate: 'expect',
  apply: 'map',
  foreach: 'map',
  fillna: 'fill',
  fill_null: 'fill',
  coalesce: 'fill',
  fit: 'train',
  score: 'predict',
  save: 'write',
  store: 'write',
  output: 'write',
  into: 'write',
  export: 'write',
  to_csv: 'write',
  sink: 'write',
  show: 'take',
  print: 'take',
  over: 'derive',
  window: 'derive',
  delete: 'remove',
  remove_columns: 'drop',
};

/** A name that needs no backticks (unless it is reserved). XML's name characters without `-`, `.` and `:`. */
export const namePattern =
  /[A-Za-z_\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef\u3005-\ud7ff\ud800-\udfff\uf900-\ufdcf\ufdf0-\ufefe\uff00-\ufffd][A-Za-z0-9_\u00aa\u00b5\u00b7\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u037d\u037f-\u1fff\u200c\u200d\u203f\u2040\u2070-\u218f\u2c00-\u2fef\u3005-\ud7ff\ud800-\udfff\uf900-\ufdcf\ufdf0-\ufefe\uff00-\ufffd]*/;

const wholeName = new RegExp(`^(?:${namePattern.source})$`);
const reservedSet: ReadonlySet<string> = new Set(reserved);
const verbSet: ReadonlySet<string> = new Set(verbs);

export function isReserved(word: string): word is ReservedWord {
  return reservedSet.has(word);
}

export function isVerb(word: string): word is Verb {
  return verbSet.has(word);
}

/** A name as it is written in a file: in backticks where it has to be. */
export function quoteName(name: string): string {
  return wholeName.test(name) && !/\p{Surrogate}/u.test(name) && !isReserved(name) ? name : backticked(name);
}

/** A name in backticks, whether it needs them or not. */
export function backticked(name: string): string {
  return `\`${escapeText(name, '`')}\``;
}
