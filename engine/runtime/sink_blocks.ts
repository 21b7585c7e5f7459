import type { ObjectId, Store } from '../store/types.ts';
import type { TaskDone, TaskInput, TaskOutput } from './messages.ts';
import { releaseAll } from './relations.ts';
import type { OrderedSink } from './sinks.ts';

type BlockInput = Extract<TaskInput, { kind: 'block' }>;
type Refs = BlockInput['refs'];

export interface SinkBlocksOptions {
  readonly store: Store;
  /** Tasks that collect rows, in order. */
  readonly maps: number;
  readonly blockRows: number;
  readonly sink: OrderedSink;
  /** Runs the task that encodes a block. */
  readonly run: (task: number, input: TaskInput) => Promise<TaskDone>;
  /** What every task gave, by number; those of blocks come behind those that collect. */
  readonly outputs: Map<number, TaskOutput>;
}

/**
 * Rows of a sink that is written in blocks: as soon as the rows of a block are there, without a gap from the first, a task encodes it while others go on. Blocks
 * are cut by the numbers of the rows alone. An object is released when all blocks with rows in it are encoded.
 */
export class SinkBlocks {
  readonly #o: SinkBlocksOptions;
  readonly #blocks: BlockInput[] = [];
  readonly #running: Promise<TaskDone>[] = [];
  /** Rows that are in no block yet: those of `#open` without the first `#skip`. */
  #open: Refs[number][] = [];
  #skip = 0;
  #rows = 0;
  #next = 0;
  /** By object: batches in it that are open, and those that blocks still have to read. */
  readonly #uses = new Map<ObjectId, number>();

  constructor(options: SinkBlocksOptions) {
    this.#o = options;
  }

  /** A task that collects rows is done; its output is in `outputs`. */
  done(_map: number): void {
    for (let output = this.#o.outputs.get(this.#next); output !== undefined; output = this.#o.outputs.get(this.#next)) {
      if (this.#next++ >= this.#o.maps) return;
      if (output.kind !== 'collect') continue;
      for (const ref of output.refs) {
        this.#open.push(ref);
        this.#rows += ref.rows;
        this.#use(ref.object, 1);
      }
      while (this.#rows >= this.#o.blockRows) this.#cut(this.#o.blockRows);
    }
  }

  /** All blocks in order, when they are encoded. */
  async all(): Promise<TaskDone[]> {
    // A task that failed leaves a gap: what is behind it is not written.
    if (this.#next >= this.#o.maps && this.#rows > 0) this.#cut(this.#rows);
    const ended = await Promise.allSettled(this.#running);
    for (const e of ended) if (e.status === 'rejected') throw e.reason;
    return Promise.all(this.#running);
  }

  /** What a block's task reads. */
  input(task: number): TaskInput {
    const block = this.#blocks[task - this.#o.maps];
    if (block === undefined) throw new Error(`there is no block ${task}`);
    return block;
  }

  /** Releases the rows that were collected, of a run that failed. */
  abandon(): void {
    releaseAll(this.#o.store, this.#uses.keys());
    this.#uses.clear();
  }

  #cut(rows: number): void {
    const skip = this.#skip;
    let end = 0;
    let there = -skip;
    while (there < rows) there += (this.#open[end++] as Refs[number]).rows;
    const refs = this.#open.slice(0, end);
    for (const ref of refs) this.#use(ref.object, 1);
    // The last one may have rows of the next block, too.
    const whole = there === rows ? end : end - 1;
    for (const ref of this.#open.splice(0, whole)) this.#use(ref.object, -1);
    this.#skip = there === rows ? 0 : (refs[end - 1] as Refs[number]).rows - (there - rows);
    this.#rows -= rows;
    const running = this.#encode({ kind: 'block', refs, cut: { skip, take: rows } });
    // Whoever waits for all sees it; until then it must not count as unhandled.
    running.catch(() => undefined);
    this.#running.push(running);
  }

  async #encode(input: BlockInput): Promise<TaskDone> {
    const { maps, outputs, run, sink } = this.#o;
    const index = this.#blocks.push(input) - 1;
    const done = await run(maps + index, input);
    outputs.set(maps + index, done.output);
    if (done.output.kind === 'bytes') sink.accept(index, done.output.objects, done.output.note);
    for (const ref of input.refs) this.#use(ref.object, -1);
    return done;
  }

  #use(object: ObjectId, by: 1 | -1): void {
    const uses = (this.#uses.get(object) ?? 0) + by;
    if (uses > 0) this.#uses.set(object, uses);
    else {
      this.#uses.delete(object);
      this.#o.store.release(object);
    }
  }
}
