import type { FlowRunOptions } from '../compiler/run.ts';
import { caseText, FLOW_RUNS, FlowPlace, flowCases } from './flow_cases.ts';
import { type FlowRunner, type Order, Workshop } from './flow_rows.ts';
import { holds, type LawOptions } from './laws.ts';
import { COMBINING_LAWS } from './laws_combining.ts';
import { ROW_LAWS } from './laws_rows.ts';
import { MAIN, OTHER } from './pipelines.ts';
import { arbitraryTable } from './tables.ts';

/** Two flows that have to give the same rows. */
export interface FlowPair {
  readonly one: string;
  readonly two: string;
  readonly order: Order;
  /** Flows that run before, for what they write. */
  readonly first?: readonly string[];
}

/** What holds of the verbs of the language, told without a second implementation: two ways to write the same thing, of which neither is known to be right. */
export interface EngineLaw {
  readonly name: string;
  /** The law in words. */
  readonly says: string;
  /** Over the tables of a case: `main`, `more` (of the same columns) and `other`. None where it says nothing of them. */
  readonly pairs: (at: FlowPlace) => readonly FlowPair[];
}

/** The laws of `checkEngine`, by name. */
export const ENGINE_LAWS: readonly EngineLaw[] = [...ROW_LAWS, ...COMBINING_LAWS];

export interface EngineLaws extends LawOptions {
  /** Names of `ENGINE_LAWS`. Default: all. */
  readonly laws?: readonly string[];
  /** How flows are run. Default: `runText`, under the options `run`. */
  readonly runner?: FlowRunner;
  readonly run?: FlowRunOptions;
}

/**
 * The laws of verbs, over random tables, conditions, formats, workers and memory: for whoever runs flows in a way of their own (under other options, behind a service, on
 * another engine). Rejects with LawError, which has both flows, what differs, and the files. Default: 20 cases of each law.
 */
export async function checkEngine(options: EngineLaws = {}): Promise<void> {
  const { laws, run = {} } = options;
  const chosen = chosenOf(ENGINE_LAWS, laws);
  const workshop = new Workshop(run);
  try {
    for (const law of chosen) await checkLaw(law, workshop, options);
  } finally {
    await workshop.close();
  }
}

async function checkLaw(law: EngineLaw, workshop: Workshop, options: EngineLaws): Promise<void> {
  const cases = flowCases({
    main: arbitraryTable(MAIN, { extremes: false }),
    more: arbitraryTable(MAIN, { extremes: false }),
    other: arbitraryTable(OTHER, { extremes: false }),
  });
  await holds(
    'the engine',
    cases,
    (c) =>
      workshop.place(async (cwd) => {
        const at = new FlowPlace(c, cwd, options.runner ?? workshop.run);
        for (const { one, two, order, first = [] } of law.pairs(at)) {
          for (const flow of first) await at.run(flow);
          const rows = [await at.rows(one), await at.rows(two)] as const;
          at.compare(law.name, law.says, { what: one, rows: rows[0] }, { what: two, rows: rows[1] }, order);
        }
      }),
    { ...FLOW_RUNS, ...options },
    caseText,
  );
}

/** Laws by their names; all where none are named. */
export function chosenOf<L extends { readonly name: string }>(
  laws: readonly L[],
  names: readonly string[] = laws.map((l) => l.name),
): readonly L[] {
  return names.map((name) => {
    const law = laws.find((l) => l.name === name);
    if (law === undefined) throw new TypeError(`there is no law ${name}: ${laws.map((l) => l.name).join(', ')}`);
    return law;
  });
}
