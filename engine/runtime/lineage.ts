import { EngineBug } from '../errors.ts';
import type { PhysicalPlan, Stage } from '../plan.ts';
import type { ObjectId, Store } from '../store/types.ts';
import { inputsOf } from './graph.ts';
import type { StageMessage, TaskDone, TaskInput, TaskOutput } from './messages.ts';
import { exchangeInput, exchangeSides, objectsOf, objectsOfInput, objectsOfSides, placesOf } from './references.ts';
import { type Relation, releaseAll } from './relations.ts';

/** How the objects of a stage came to be: enough to make them again. Inputs are derived anew when they are asked for, so that no copy of their references is kept. */
export interface Making {
  readonly stage: Stage;
  readonly message: StageMessage;
  /** What its tasks gave, by task number; a push exchange's merges have numbers behind those of the stage. */
  readonly outputs: Map<number, TaskOutput>;
  readonly input: (task: number) => TaskInput | Promise<TaskInput>;
}

interface Entry {
  readonly making: Making;
  relation: Relation | null;
  /** Nobody reads its objects any more; it is kept while those that read them may have to be made again. */
  dropped: boolean;
  /** Objects made again, by the number everybody knows them by. */
  readonly again: Map<ObjectId, ObjectId>;
  /** All that was made again and is still held. */
  readonly held: ObjectId[];
}

export type RunAgain = (making: Making, task: number, input: TaskInput) => Promise<TaskDone>;

/**
 * Objects whose bytes are gone are made again by running the task that made them, and before it those that made its inputs where these are gone, too. Tasks are
 * deterministic: what one makes again has the same parts in the same order, so that the n-th object of the new result stands for the n-th of the old one. Plans and relations
 * go on naming the old objects; what is sent to workers is exchanged on its way. Objects made again live as long as what is known of their stage.
 */
export class Lineage {
  /** Tasks that were run again because something they had made was lost. */
  reconstructions = 0;
  readonly #store: Store;
  readonly #run: RunAgain;
  readonly #readers = new Map<number, number[]>();
  readonly #stages = new Map<number, Entry>();
  readonly #original = new Map<ObjectId, ObjectId>();
  readonly #current = new Map<ObjectId, ObjectId>();
  readonly #running = new Map<string, Promise<void>>();
  /** Stage messages with exchanged objects, as long as these stand. */
  #messages = new Map<StageMessage, StageMessage>();

  constructor(plan: PhysicalPlan, store: Store, run: RunAgain) {
    this.#store = store;
    this.#run = run;
    for (const s of plan.stages)
      for (const r of inputsOf(s)) this.#readers.set(r, [...(this.#readers.get(r) ?? []), s.id]);
  }

  begin(making: Making): void {
    this.#stages.set(making.stage.id, { making, relation: null, dropped: false, again: new Map(), held: [] });
  }

  finished(relation: Relation): void {
    this.#entry(relation.id).relation = relation;
  }

  /** A relation that stages read, also when its objects are released already. */
  relation(id: number): Relation {
    const r = this.#entry(id).relation;
    if (r === null) throw new Error(`relation ${id} is not there`);
    return r;
  }

  /** What the stage made is read no more. */
  dropped(id: number): void {
    const entry = this.#stages.get(id);
    if (entry !== undefined) entry.dropped = true;
    this.#settle(id);
  }

  message(m: StageMessage): StageMessage {
    if (this.#current.size === 0 || m.sides.length === 0) return m;
    const known = this.#messages.get(m);
    if (known !== undefined) return known;
    const exchanged = exchangeSides(m, this.current);
    this.#messages.set(m, exchanged);
    return exchanged;
  }

  input(i: TaskInput): TaskInput {
    return this.#current.size === 0 ? i : exchangeInput(i, this.current);
  }

  /** The object that stands for another now. */
  readonly current = (object: ObjectId): ObjectId => this.#current.get(object) ?? object;

  /** The object that this one stands for; itself where it is the first. */
  originalOf(object: ObjectId): ObjectId {
    return this.#original.get(object) ?? object;
  }

  /**
   * Makes a lost object again, unless that has happened already. False: none of the run's stages made it; a task had made it for itself. Rejects with what its
   * task fails with.
   */
  async remake(lost: ObjectId): Promise<boolean> {
    const original = this.originalOf(lost);
    if (this.current(original) !== lost) return true;
    const maker = this.#makerOf(original);
    if (maker === null) return false;
    await this.#make(maker.entry, maker.task);
    return true;
  }

  /** From now on the caller owns what stands for this object; the object itself is released. Null when it was never made again. */
  take(original: ObjectId): ObjectId | null {
    const current = this.#current.get(original);
    if (current === undefined) return null;
    this.#store.retain(current);
    releaseAll(this.#store, [original]);
    return current;
  }

  /** Lets go of everything. Never fails. */
  clear(): void {
    for (const e of this.#stages.values()) releaseAll(this.#store, e.held);
    this.#stages.clear();
    this.#current.clear();
    this.#original.clear();
    this.#messages.clear();
  }

  #entry(id: number): Entry {
    const e = this.#stages.get(id);
    if (e === undefined) throw new Error(`stage ${id} is not known`);
    return e;
  }

  /** Forgets a stage whose objects nobody will ask for again: it was read for the last time, and so was everything made from it. */
  #settle(id: number): void {
    const entry = this.#stages.get(id);
    if (entry === undefined || !entry.dropped) return;
    if ((this.#readers.get(id) ?? []).some((r) => this.#stages.has(r))) return;
    this.#stages.delete(id);
    for (const original of entry.again.keys()) this.#current.delete(original);
    for (const o of entry.held) this.#original.delete(o);
    releaseAll(this.#store, entry.held);
    for (const input of new Set(inputsOf(entry.making.stage))) this.#settle(input);
  }

  /** Searched, not kept: a map of all objects would be as large as everything the driver knows of them, for what hardly ever happens. */
  #makerOf(object: ObjectId): { entry: Entry; task: number } | null {
    for (const entry of this.#stages.values()) {
      for (const [task, output] of entry.making.outputs) {
        if (placesOf(output).some((p) => p.object === object)) return { entry, task };
      }
    }
    return null;
  }

  /** Several readers may miss the same objects at the same time: their task is run again once. */
  #make(entry: Entry, task: number): Promise<void> {
    const key = `${entry.making.stage.id}:${task}`;
    const known = this.#running.get(key);
    if (known !== undefined) return known;
    const started = this.#again(entry, task).finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }

  async #again(entry: Entry, task: number): Promise<void> {
    const { making } = entry;
    const input = await making.input(task);
    const held: ObjectId[] = [];
    try {
      for (const o of [...objectsOfInput(input), ...objectsOfSides(making.message)]) held.push(await this.#hold(o));
      this.#adopt(entry, task, (await this.#run(making, task, input)).output);
    } finally {
      releaseAll(this.#store, held);
    }
    this.reconstructions++;
  }

  /** Keeps an input from being released meanwhile; one that is released already is made again first. */
  async #hold(original: ObjectId): Promise<ObjectId> {
    for (let tries = 0; ; tries++) {
      const now = this.current(original);
      if (this.#retained(now)) return now;
      const maker = tries === 0 ? this.#makerOf(original) : null;
      if (maker === null) throw new EngineBug(`object ${original} is gone, and nobody knows how it was made`);
      await this.#make(maker.entry, maker.task);
    }
  }

  #retained(object: ObjectId): boolean {
    try {
      this.#store.retain(object);
      return true;
    } catch {
      return false;
    }
  }

  /** What was made again stands for what it was before, part by part. A result of which only the first rows were kept stands for these. */
  #adopt(entry: Entry, task: number, output: TaskOutput): void {
    const { stage, outputs } = entry.making;
    const fresh = objectsOf(output);
    const before = placesOf(outputs.get(task) ?? output);
    const now = placesOf(output);
    const same = before.every((b, i) => {
      const n = now[i];
      return n !== undefined && n.bytes === b.bytes && n.offset === b.offset && n.rows === (b.whole ?? b.rows);
    });
    if (!same) {
      releaseAll(this.#store, fresh);
      throw new EngineBug(`a task of "${stage.label}" gave something else when it was run again`);
    }
    entry.held.push(...fresh);
    before.forEach((b, i) => {
      const n = now[i]?.object as ObjectId;
      entry.again.set(b.object, n);
      this.#current.set(b.object, n);
      this.#original.set(n, b.object);
    });
    this.#messages = new Map();
  }
}
