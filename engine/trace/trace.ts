import type { JobEvent } from '../runtime/pool.ts';
import type { OwnerBytes } from './stats.ts';

/** Events kept; those behind are counted, not kept. About 100 MB of heap at most. */
const MAX_EVENTS = 400_000;

interface ChromeEvent {
  readonly name: string;
  readonly ph: string;
  /** Microseconds since the trace began. */
  readonly ts: number;
  readonly dur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly cat?: string;
  readonly id?: string;
  readonly s?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

const PID = 1;
/** The driver's row. */
const DRIVER = 0;

/** What happened when, on which thread, as events of the Chrome trace format (Perfetto, chrome://tracing). */
export class Trace {
  readonly #events: ChromeEvent[] = [];
  readonly #origin: number;
  readonly #threads = new Set<number>();
  readonly #most: number;
  #dropped = 0;

  /** `origin`: performance.timeOrigin + performance.now() of time 0. */
  constructor(origin: number, most = MAX_EVENTS) {
    this.#origin = origin;
    this.#most = most;
  }

  #add(e: Omit<ChromeEvent, 'pid' | 'ts'>, at: number): void {
    this.#threads.add(e.tid);
    if (this.#events.length >= this.#most) this.#dropped++;
    else this.#events.push({ ...e, pid: PID, ts: Math.max(0, Math.round((at - this.#origin) * 1000)) });
  }

  /** A job a worker did, and within it what its store spilled and restored. */
  job(e: JobEvent, args: Readonly<Record<string, unknown>>): void {
    const dur = Math.round(e.ms * 1000);
    const more = { ...args, ...(e.attempt > 1 ? { attempt: e.attempt } : {}), ...(e.ok ? {} : { failed: true }) };
    this.#add({ name: e.name, ph: 'X', dur, tid: e.thread, cat: 'task', args: more }, e.start);
    for (const s of e.storeEvents) this.store(s, e.thread);
  }

  store(e: JobEvent['storeEvents'][number], thread: number): void {
    const args = { bytes: e.bytes, objects: e.objects };
    this.#add({ name: e.kind, ph: 'X', dur: Math.round(e.ms * 1000), tid: thread, cat: 'store', args }, e.start);
  }

  /** Stages run side by side: each has a line of its own below the driver's row. */
  stage(id: string, name: string, state: 'start' | 'done', args: Readonly<Record<string, unknown>>): void {
    this.#add({ name, ph: state === 'start' ? 'b' : 'e', tid: DRIVER, cat: 'stage', id, args }, now());
  }

  /** A moment on the driver's row. */
  mark(name: string, args: Readonly<Record<string, unknown>> = {}): void {
    this.#add({ name, ph: 'i', s: 't', tid: DRIVER, cat: 'run', args }, now());
  }

  /** Memory in use, by owner where that is known. */
  memory(used: number, owners: readonly OwnerBytes[]): void {
    const args = owners.length > 0 ? Object.fromEntries(owners.map((o) => [o.name, o.bytes])) : { used };
    this.#add({ name: 'memory', ph: 'C', tid: DRIVER, args }, now());
  }

  /** The whole as JSON text. */
  json(): string {
    const names = Array.from(this.#threads)
      .sort((a, b) => a - b)
      .map((tid) => ({
        name: 'thread_name',
        ph: 'M',
        pid: PID,
        tid,
        args: { name: tid === DRIVER ? 'driver' : `worker ${tid}` },
      }));
    const process = { name: 'process_name', ph: 'M', pid: PID, args: { name: 'flowc' } };
    // One event a line: lines can be searched and compared.
    const lines = [process, ...names, ...this.#events].map((e) => JSON.stringify(e));
    return `{"displayTimeUnit":"ms","otherData":{"droppedEvents":${this.#dropped}},"traceEvents":[\n${lines.join(',\n')}\n]}\n`;
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
