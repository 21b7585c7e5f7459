import type { MessagePort } from 'node:worker_threads';
import type { StoreHandle } from '../store/store.ts';

/** A store's own folder in a remote place. */
export interface RemoteFolder {
  /** `s3://bucket/prefix?…` as the user gave it. */
  readonly url: string;
  /** `flowc-<pid>-<random>`. */
  readonly folder: string;
}

/** What a thread can ask of the I/O thread. Views lie in shared memory where they are large: others are copied on their way. */
export type IoRequest =
  /** Tells whether the place can be used, and removes what dead processes left there. */
  | { readonly op: 'prepare'; readonly at: RemoteFolder }
  | { readonly op: 'write'; readonly at: RemoteFolder; readonly file: string; readonly views: readonly Uint8Array[] }
  | {
      readonly op: 'read';
      readonly at: RemoteFolder;
      readonly file: string;
      readonly offset: number;
      readonly into: Uint8Array;
    }
  | { readonly op: 'remove'; readonly at: RemoteFolder; readonly file: string }
  /** Ends what goes on in the folder, refuses what comes later, removes everything; tries for `ms` milliseconds. */
  | { readonly op: 'removeAll'; readonly at: RemoteFolder; readonly ms: number }
  /** Ends what the given (dead) thread asked for; answered when no byte moves for it any more. */
  | { readonly op: 'cancel'; readonly thread: number };

/** On a thread's own port. */
export interface IoMessage {
  /** Number of the request among those of its thread; the answer bears it. */
  readonly sequence: number;
  readonly request: IoRequest;
}

/** On the port of the I/O thread itself: `port` is where `thread` will ask. A new one for the same thread replaces the old. */
export interface NewPort {
  readonly thread: number;
  readonly port: MessagePort;
}

/** What a thread needs besides a port to talk to the I/O thread; structured-cloneable. */
export interface IoHandle {
  readonly control: SharedArrayBuffer;
  readonly threads: number;
}

export interface ReadAheadInit {
  readonly role: 'read ahead';
  readonly store: StoreHandle;
  /** Its number among the store's threads. */
  readonly thread: number;
  readonly port: MessagePort | null;
}

/** What a thread of dist/io.js is started with. */
export type ThreadInit = { readonly role: 'transfers'; readonly io: IoHandle } | ReadAheadInit;

/** State of the I/O thread. */
export const STATE = { OPEN: 0, CLOSED: 1, DEAD: 2 } as const;
/** State of a thread's slot. */
export const SLOT = { IDLE: 0, WAITING: 1, DONE: 2, FAILED: 3 } as const;

const HEAD_BYTES = 64;
const SLOT_HEAD_BYTES = 64;
const TEXT_BYTES = 8 << 10;
const SLOT_BYTES = SLOT_HEAD_BYTES + TEXT_BYTES;

/** The shared words: state and heartbeat of the I/O thread, its last words, and a slot for each thread's answer. */
export class IoControl {
  readonly handle: IoHandle;
  /** [0] state, [1] heartbeat, [2] bytes of the reason of its death. */
  readonly head: Int32Array;
  readonly #reason: Uint8Array;

  constructor(handle: IoHandle) {
    this.handle = handle;
    this.head = new Int32Array(handle.control, 0, HEAD_BYTES / 4);
    this.#reason = new Uint8Array(handle.control, HEAD_BYTES, TEXT_BYTES);
  }

  static create(threads: number): IoControl {
    const control = new SharedArrayBuffer(HEAD_BYTES + TEXT_BYTES + threads * SLOT_BYTES);
    return new IoControl({ control, threads });
  }

  get state(): number {
    return Atomics.load(this.head, 0);
  }

  get heartbeat(): number {
    return Atomics.load(this.head, 1);
  }

  beat(): void {
    Atomics.add(this.head, 1, 1);
  }

  get reason(): string {
    return getText(this.#reason, Atomics.load(this.head, 2));
  }

  slot(thread: number): IoSlot {
    return new IoSlot(this.handle.control, HEAD_BYTES + TEXT_BYTES + thread * SLOT_BYTES);
  }

  /** No answer will come any more: every thread that waits for one goes on. The first call counts. */
  end(state: typeof STATE.CLOSED | typeof STATE.DEAD, reason: string): void {
    if (this.state !== STATE.OPEN) return;
    Atomics.store(this.head, 2, putText(this.#reason, reason));
    if (Atomics.compareExchange(this.head, 0, STATE.OPEN, state) !== STATE.OPEN) return;
    for (let t = 0; t < this.handle.threads; t++) this.slot(t).wake();
  }
}

/** Where the answer to a thread's request is put: one request at a time. */
export class IoSlot {
  /** [0] state, [1] number of the request, [2] bytes of the error. */
  readonly #words: Int32Array;
  readonly #text: Uint8Array;

  constructor(sab: SharedArrayBuffer, offset: number) {
    this.#words = new Int32Array(sab, offset, SLOT_HEAD_BYTES / 4);
    this.#text = new Uint8Array(sab, offset + SLOT_HEAD_BYTES, TEXT_BYTES);
  }

  get state(): number {
    return Atomics.load(this.#words, 0);
  }

  /** A new request; returns its number. Numbers go on where the slot's last thread stopped, so that late answers to it are none of ours. */
  begin(): number {
    Atomics.store(this.#words, 0, SLOT.WAITING);
    return Atomics.add(this.#words, 1, 1) + 1;
  }

  /** Returns when there is an answer, or after `ms` milliseconds, or when woken. */
  wait(ms: number): void {
    Atomics.wait(this.#words, 0, SLOT.WAITING, ms);
  }

  wake(): void {
    Atomics.notify(this.#words, 0);
  }

  /** The caller waits no longer: what is answered from now on goes nowhere. */
  abandon(): void {
    Atomics.add(this.#words, 1, 1);
    Atomics.store(this.#words, 0, SLOT.IDLE);
  }

  /** `error` null: it is done. Text that is too long is cut. */
  answer(sequence: number, error: string | null): void {
    if (Atomics.load(this.#words, 1) !== sequence) return;
    if (error !== null) Atomics.store(this.#words, 2, putText(this.#text, error));
    Atomics.store(this.#words, 0, error === null ? SLOT.DONE : SLOT.FAILED);
    this.wake();
  }

  get error(): string {
    return getText(this.#text, Atomics.load(this.#words, 2));
  }
}

function putText(into: Uint8Array, text: string): number {
  return Buffer.from(into.buffer, into.byteOffset, into.length).write(text, 'utf8');
}

function getText(from: Uint8Array, bytes: number): string {
  return Buffer.from(from.slice(0, bytes)).toString('utf8');
}
