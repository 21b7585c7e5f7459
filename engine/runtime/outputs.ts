import { sep } from 'node:path';
import { RunError } from '../errors.ts';
import type { PhysicalPlan, Stage } from '../plan.ts';
import type { Store } from '../store/types.ts';
import { partitionOf, writesSerially } from './graph.ts';
import { SinkFolder } from './sink_folder.ts';
import { OrderedSink, type Recovery, SinkFile, type SinkPlace } from './sinks.ts';

export interface SinkSummary {
  readonly path: string;
  readonly format: string;
  readonly rows: number;
  readonly bytes: number;
}

interface Output {
  readonly stage: Stage;
  readonly format: string;
  readonly file: SinkPlace;
  sink: OrderedSink | null;
  rows: number;
  bytes: number;
}

function placeOf(output: Extract<Stage['output'], { kind: 'sink' }>): SinkPlace {
  return partitionOf(output) === null ? new SinkFile(output.path) : new SinkFolder(output);
}

/** The same place, or one within the other. */
function clash(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}${sep}`) || b.startsWith(`${a}${sep}`);
}

/** The outputs of a run: places are checked before any work, files appear together at the end, and nothing is left of them when the run fails. */
export class Outputs {
  readonly #store: Store;
  readonly #outputs: readonly Output[];
  readonly #recovery: Recovery;

  constructor(plan: PhysicalPlan, store: Store, recovery: Recovery) {
    this.#store = store;
    this.#recovery = recovery;
    this.#outputs = plan.stages.flatMap((stage) => {
      if (stage.output.kind !== 'sink') return [];
      return [{ stage, format: stage.output.format, file: placeOf(stage.output), sink: null, rows: 0, bytes: 0 }];
    });
  }

  /** Makes the temporary files. */
  open(): void {
    const keys = new Set<string>();
    for (const { file, stage } of this.#outputs) {
      attributedTo(stage, () => {
        file.open();
        if ([...keys].some((key) => clash(key, file.key))) {
          const place = file.toStdout ? 'standard output' : file.target;
          throw new RunError(
            'FLOW7006',
            `two steps write ${place}`,
            { file: file.target },
            'give each a file of its own, or join the pipelines with union',
          );
        }
        keys.add(file.key);
      });
    }
  }

  /** What a stage writes to while its tasks run; null for a format that is written when all rows are there. */
  async begin(stage: Stage): Promise<OrderedSink | null> {
    const output = this.#of(stage);
    const spec = stage.output;
    if (spec.kind !== 'sink' || writesSerially(stage) || !(output.file instanceof SinkFile)) return null;
    const sink = new OrderedSink(output.file, this.#store, spec, stage.schema, this.#recovery);
    output.sink = sink;
    await attributedTo(stage, () => sink.open());
    return sink;
  }

  /** Where a serial format is written to; null is standard output. */
  place(stage: Stage): string | null {
    const { file } = this.#of(stage);
    return file.toStdout ? null : file.place;
  }

  /** The path of a file below the folder that a stage writes, with the folders above it. */
  part(stage: Stage, folder: string): string {
    const { file } = this.#of(stage);
    if (!(file instanceof SinkFolder)) throw new Error(`stage ${stage.id} writes no folder`);
    return attributedTo(stage, () => file.part(folder));
  }

  /** All bytes of a stage's output are on their way; `rows` of them. */
  async finish(stage: Stage, rows: number): Promise<void> {
    const output = this.#of(stage);
    await attributedTo(stage, async () => output.sink?.close());
    output.rows = rows;
    output.bytes = output.file.bytes();
  }

  /** Makes the files appear. */
  commit(): SinkSummary[] {
    for (const { file, stage } of this.#outputs) attributedTo(stage, () => file.commit());
    return this.#outputs.map((o) => ({ path: o.file.target, format: o.format, rows: o.rows, bytes: o.bytes }));
  }

  /** The run failed: whoever waits for an output waits no longer. */
  async abort(): Promise<void> {
    await Promise.all(this.#outputs.map(async (o) => o.sink?.abort()));
  }

  /** Removes what is left of the outputs of a failed run. Never fails. */
  discard(): void {
    for (const { file } of this.#outputs) file.discard();
  }

  #of(stage: Stage): Output {
    const output = this.#outputs.find((o) => o.stage === stage);
    if (output === undefined) throw new Error(`stage ${stage.id} has no sink`);
    return output;
  }
}

/** A failure of an output names its step. */
export function attributedTo<R>(stage: Stage, work: () => R): R {
  const named = (e: unknown): unknown => {
    if (!(e instanceof RunError) || stage.output.kind !== 'sink' || e.code !== 'FLOW7006') return e;
    return e.at({ step: `write ${stage.output.path}`, span: stage.output.span });
  };
  try {
    const out = work();
    return out instanceof Promise ? (out.catch((e: unknown) => Promise.reject(named(e))) as R) : out;
  } catch (e) {
    throw named(e);
  }
}
