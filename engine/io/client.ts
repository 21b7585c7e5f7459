import type { MessagePort } from 'node:worker_threads';
import { type ErrorData, errorFromData, RunError } from '../errors.ts';
import { IoControl, type IoHandle, type IoMessage, type IoRequest, type IoSlot, SLOT, STATE } from './protocol.ts';

/** How often a waiting thread looks whether the I/O thread still lives. */
const LOOK_MS = 1000;
/** So many looks in a row without a heartbeat, and it is taken for dead. Looks are counted, not time: a stopped process loses none. */
const SILENT_LOOKS = 30;

/** What the cloning of a message copies of a view on ordinary memory is its whole buffer: small views of large buffers are cut out first. */
function transportable(view: Uint8Array): Uint8Array {
  return view.buffer instanceof SharedArrayBuffer || view.length === view.buffer.byteLength ? view : view.slice();
}

/** A thread's way to the I/O thread: calls are synchronous, the calling thread sleeps until the answer is there. */
export class IoClient {
  readonly #port: MessagePort;
  readonly #control: IoControl;
  readonly #slot: IoSlot;

  /** `thread`: the number of the calling thread, below the handle's `threads`; `port`: made for it by `IoThread.port`. */
  constructor(port: MessagePort, handle: IoHandle, thread: number) {
    this.#port = port;
    this.#control = new IoControl(handle);
    this.#slot = this.#control.slot(thread);
  }

  /**
   * Performs a request and returns when it is done. Throws what went wrong there (RunError FLOW7008 or FLOW7016), also when the I/O thread has died or
   * was closed. `limitMs`: gives up after this long.
   */
  call(request: IoRequest, limitMs = Number.POSITIVE_INFINITY): void {
    if (request.op === 'read' && !(request.into.buffer instanceof SharedArrayBuffer)) {
      const shared = new Uint8Array(new SharedArrayBuffer(request.into.length));
      this.#perform({ ...request, into: shared }, limitMs);
      request.into.set(shared);
    } else if (request.op === 'write') {
      this.#perform({ ...request, views: request.views.map(transportable) }, limitMs);
    } else {
      this.#perform(request, limitMs);
    }
  }

  #perform(request: IoRequest, limitMs: number): void {
    this.#checkOpen();
    const sequence = this.#slot.begin();
    this.#port.postMessage({ sequence, request } satisfies IoMessage);
    try {
      this.#await(limitMs);
    } catch (e) {
      this.#slot.abandon();
      throw e;
    }
    if (this.#slot.state === SLOT.FAILED) throw errorFromData(JSON.parse(this.#slot.error) as ErrorData);
  }

  #await(limitMs: number): void {
    const end = performance.now() + limitMs;
    let beat = this.#control.heartbeat;
    let silent = 0;
    for (;;) {
      const left = end - performance.now();
      this.#slot.wait(Math.max(0, Math.min(LOOK_MS, left)));
      if (this.#slot.state !== SLOT.WAITING) return;
      this.#checkOpen();
      if (left <= LOOK_MS && performance.now() >= end) {
        throw failed(`the I/O thread gave no answer within ${Math.round(limitMs / 1000)} s`);
      }
      const now = this.#control.heartbeat;
      silent = now === beat ? silent + 1 : 0;
      beat = now;
      // Said to all: it must not touch memory any more, should it come back to life.
      if (silent >= SILENT_LOOKS) this.#control.end(STATE.DEAD, 'it does not answer any more');
    }
  }

  #checkOpen(): void {
    const { state } = this.#control;
    if (state === STATE.CLOSED) throw failed('the store is closed');
    if (state === STATE.DEAD) throw failed(`the I/O thread has ended: ${this.#control.reason}`);
  }

  /** Gives up the port. */
  close(): void {
    this.#port.close();
  }
}

function failed(why: string): RunError {
  return new RunError(
    'FLOW7008',
    `cannot reach remote spill storage: ${why}`,
    {},
    'Run it again, or spill to a local folder (--spill-dir).',
  );
}
