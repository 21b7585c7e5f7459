import { RunError } from '../errors.ts';
import type { FailingRow, Tally } from '../operators/expect.ts';
import type { CheckRef, PhysicalPlan, Stage } from '../plan.ts';

/** How a statement about the data turned out. */
export interface CheckResult extends CheckRef {
  /** Rows it was asked about: of `each: key` the combinations of keys, of `each: relation` one. */
  readonly rows: number;
  readonly failed: number;
  /** The first one that fails, in the order of the rows. */
  readonly first: FailingRow | null;
}

/** Puts together what the tasks of a run counted for its checks: by the order of tasks, so that neither their number nor their pace shows. */
export class Checks {
  readonly #refs: readonly CheckRef[];
  /** By stage, then by task. */
  readonly #tallies = new Map<number, Map<number, readonly Tally[]>>();
  readonly #settled = new Map<number, Tally>();

  constructor(plan: PhysicalPlan) {
    this.#refs = plan.checks;
  }

  /** What a task counted; of one that ran again the last counts. */
  add(stage: Stage, task: number, tallies: readonly Tally[]): void {
    const tasks = this.#tallies.get(stage.id) ?? new Map<number, readonly Tally[]>();
    this.#tallies.set(stage.id, tasks);
    tasks.set(task, tallies);
  }

  /** All tasks of the stage are done. RunError FLOW7009 for a check that must hold and does not. */
  settle(stage: Stage): void {
    const tasks = [...(this.#tallies.get(stage.id) ?? [])].sort(([a], [b]) => a - b);
    this.#tallies.delete(stage.id);
    const met = new Set<number>();
    for (const [, tallies] of tasks) {
      for (const t of tallies) {
        const sum = this.#tally(t.check);
        const first = sum.first ?? t.first;
        this.#settled.set(t.check, { check: t.check, rows: sum.rows + t.rows, failed: sum.failed + t.failed, first });
        met.add(t.check);
      }
    }
    for (const ref of this.#refs) {
      const result = this.#result(ref);
      if (met.has(ref.id) && result.action === 'error' && result.failed > 0) throw brokenBy(result);
    }
  }

  results(): CheckResult[] {
    return this.#refs.map((ref) => this.#result(ref));
  }

  #result(ref: CheckRef): CheckResult {
    const { rows, failed, first } = this.#tally(ref.id);
    return { ...ref, rows, failed, first };
  }

  #tally(check: number): Tally {
    return this.#settled.get(check) ?? { check, rows: 0, failed: 0, first: null };
  }
}

/** A result without what only means something within its plan. */
export function foundBy({ text, message, each, action, rows, failed, first }: CheckResult) {
  return { text, message, each, action, rows, failed, first };
}

/** `12 of 1000 rows fail amount >= 0: negative amount`. */
export function checkText({ each, failed, rows, text, message }: CheckResult): string {
  const what = `\`${text}\`${message === null ? '' : `: ${message}`}`;
  if (each === 'relation') return `the rows ${failed > 0 ? 'fail' : 'pass'} ${what}`;
  const noun = each === 'key' ? 'combination of keys' : 'row';
  const nouns = each === 'key' ? 'combinations of keys' : 'rows';
  return `${failed} of ${rows} ${rows === 1 ? noun : nouns} ${failed === 1 ? 'fails' : 'fail'} ${what}`;
}

/** `id = 7, amount = -1`. */
export function valuesText({ values }: FailingRow): string {
  return values.map((v) => `${v.column} = ${v.value ?? 'null'}`).join(', ');
}

function brokenBy(result: CheckResult): RunError {
  const { first, span, each } = result;
  const shown = first === null || first.values.length === 0 ? '' : valuesText(first);
  const lead = each === 'relation' ? 'it has' : 'the first one has';
  return new RunError(
    'FLOW7009',
    `${checkText(result)}${shown === '' ? '' : `; ${lead} ${shown}`}`,
    {
      step: 'expect',
      ...(span === undefined ? {} : { span }),
      ...(first?.file === undefined ? {} : { file: first.file }),
      ...(first?.row === undefined ? {} : { row: first.row }),
    },
    each === 'row'
      ? 'write `else warn` to go on, `else drop` to leave such rows out, or `else quarantine("path")` to set them aside'
      : 'write `else warn` to go on',
  );
}
