import type { PhysicalPlan, Stage } from '../plan.ts';
import { inputsOf } from './graph.ts';
import type { StageEvent } from './run.ts';

interface Work {
  readonly stage: Stage;
  /** Bytes it reads: known, or guessed from what it reads from. */
  bytes: number;
  known: boolean;
  /** Share of its tasks that are done. */
  done: number;
}

/** A run that is not over is never shown as done. */
const ALMOST = 0.99;

/**
 * How much of a run's work is done: bytes read by all stages, sources and what lies between. What a stage will read is not known before those before it are
 * done; until then it counts as what they read. The share never goes back when better is known, and is 1 only at the end.
 */
export class RunProgress {
  readonly #work: Work[];
  readonly #byId: Map<number, Work>;
  #shown = 0;
  #over = false;

  constructor(plan: PhysicalPlan) {
    this.#work = plan.stages.map((stage) => ({ stage, bytes: 0, known: false, done: 0 }));
    this.#byId = new Map(this.#work.map((w) => [w.stage.id, w]));
  }

  /** What a stage reads is known, or, of a source, estimated. */
  reads(stage: number, bytes: number): void {
    const w = this.#byId.get(stage);
    if (w === undefined) return;
    w.bytes = bytes;
    w.known = true;
  }

  /** Bytes of all sources, as far as they are known. */
  get sourceBytes(): number {
    return this.#work.reduce((n, w) => n + (w.stage.input.kind === 'scan' ? w.bytes : 0), 0);
  }

  on(e: StageEvent): void {
    const w = this.#byId.get(e.stage.id);
    if (w !== undefined) w.done = e.state === 'done' ? 1 : e.finished / Math.max(1, e.tasks);
  }

  end(): void {
    this.#over = true;
  }

  /** From 0 to 1. `bytesRead`: from the sources so far. */
  share(bytesRead: number): number {
    if (this.#over) return 1;
    let total = 0;
    let done = 0;
    let scanned = 0;
    let sources = 0;
    for (const w of this.#work) {
      if (!w.known) w.bytes = inputsOf(w.stage).reduce((n, r) => n + (this.#byId.get(r)?.bytes ?? 0), 0);
      total += w.bytes;
      if (w.stage.input.kind !== 'scan') done += w.bytes * w.done;
      else {
        sources += w.bytes;
        scanned += w.bytes * w.done;
      }
    }
    // Bytes tell more than tasks, but a part of a source that need not be read is never counted.
    done += Math.min(sources, Math.max(scanned, bytesRead));
    if (total > 0) this.#shown = Math.max(this.#shown, Math.min(ALMOST, done / total));
    return this.#shown;
  }
}
