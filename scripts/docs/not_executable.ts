// The syntax that parses and does not run yet. Every probe is given to the compiler: what it does not refuse with FLOW4001 any
// more leaves the list by itself, and a test sees to it that nothing which is refused is missing here.

import { fileCatalog, type SourceCatalog } from '../../compiler/sources.ts';
import { field, type Schema, T } from '../../engine/types.ts';
import { check } from '../../index.ts';
import { code, table } from './markdown.ts';

export const NOT_EXECUTABLE = 'FLOW4001';

export interface Probe {
  /** For the reader. */
  readonly what: string;
  /** A whole file in which only this is not executable; `t` and `u` are relations. */
  readonly flow: string;
  /** The part of it that is shown. */
  readonly shown: string;
  /** How it is done today. */
  readonly instead?: string;
}

const step = (what: string, shown: string, instead?: string): Probe => ({
  what,
  flow: `from t | ${shown}`,
  shown: `| ${shown}`,
  ...(instead === undefined ? {} : { instead }),
});

const expression = (what: string, shown: string, instead?: string): Probe => ({
  ...step(what, `derive v = ${shown}`, instead),
  shown,
});

export const PROBES: readonly Probe[] = [
  step('Rows of one side only', 'except u', '`join anti`'),
  step('Rows of both sides', 'intersect u', '`join semi`'),
  step('Right joins', 'join right u as b on k == b.k add b.w', '`join left` from the other side'),
  step('Full joins', 'join full u as b on k == b.k add b.w', '`union` of a left join and of an anti join'),
  step('As-of joins', 'join asof u as b on k == b.k and d >= b.d add b.w'),
  step('Cross joins', 'join cross u as b add b.w', '`join inner` over a constant column on both sides'),
  step('Subtotals', 'summarize n = count() by rollup(k, name)', '`union by name` of one `summarize` for each level'),
  step('Cubes', 'summarize n = count() by cube(k, name)', '`union by name` of one `summarize` for each set of keys'),
  step(
    'Grouping sets',
    'summarize n = count() by sets((k), ())',
    '`union by name` of one `summarize` for each set of keys',
  ),
  expression('The value of a pipeline', 'scalar(from u | summarize max(w))', 'a join with the summarized rows'),
  expression('Membership in a pipeline', 'k in (from u | select k)', '`join semi`, `join anti`'),
  {
    what: 'A model from a file in a flow',
    flow: 'from t | predict model("m.json") as p',
    shown: '| predict model("m.json") as p',
    instead: '`train` and `predict` in one file',
  },
];

const COLUMNS: Schema = [
  field('k', T.int),
  field('x', T.float),
  field('y', T.float),
  field('w', T.float),
  field('name', T.string),
  field('d', T.date),
  field('tags', T.list(T.string)),
];

/** The whats of the FLOW4001 diagnostics of a file, such as "`explode` is not executable yet". */
export async function refusals(flow: string): Promise<string[]> {
  const text =
    `let t = from csv("t.csv") as { k: int, x: float?, y: float?, name: string?, d: date?, tags: json? }\n` +
    `let u = from csv("u.csv") as { k: int, w: float?, d: date? }\n${flow}`;
  const sources: SourceCatalog = {
    ...fileCatalog(),
    paths: (pattern) => Promise.resolve(typeof pattern === 'string' ? [pattern] : pattern),
    infer: () => Promise.resolve(COLUMNS),
  };
  const { diagnostics } = await check(text, 'probe.flow', { sources });
  return diagnostics.filter((d) => d.code === NOT_EXECUTABLE).map((d) => d.message);
}

export async function refusedProbes(): Promise<readonly Probe[]> {
  const answers = await Promise.all(PROBES.map(async (probe) => (await refusals(probe.flow)).length > 0));
  return PROBES.filter((_, i) => answers[i]);
}

export async function notExecutable(): Promise<string> {
  const probes = await refusedProbes();
  if (probes.length === 0) return 'Everything that parses can be run.';
  return table(
    ['What', 'Written', 'Until then'],
    probes.map(({ what, shown, instead }) => [what, code(shown), instead ?? '']),
  );
}
