import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { ObjectId } from '../store/types.ts';
import { IoClient } from './client.ts';
import { IoControl, type IoHandle, type NewPort, type ReadAheadInit, STATE, type ThreadInit } from './protocol.ts';

/** Longest wait for the transfers of a dead thread to end: they are aborted, nothing is waited for on the network. */
const CANCEL_MS = 30_000;

/**
 * The thread that talks to remote storage: synchronous calls of other threads become asynchronous requests there. Started by the main thread, which keeps
 * it from holding up the end of the process; until then it serves also while the main thread is blocked or in its exit handlers.
 */
export class IoThread {
  readonly handle: IoHandle;
  /** The main thread's own. */
  readonly client: IoClient;
  readonly #control: IoControl;
  readonly #worker: Worker;

  /** `threads`: numbers of threads that may ask are below this; the caller is thread 0. */
  constructor(threads: number) {
    this.#control = IoControl.create(threads);
    this.handle = this.#control.handle;
    this.#worker = startThread({ role: 'transfers', io: this.handle }, []);
    this.#worker.on('error', (e) => this.#control.end(STATE.DEAD, e.message));
    this.#worker.on('exit', () => this.#control.end(STATE.DEAD, 'it was ended from outside'));
    this.client = new IoClient(this.port(0), this.handle, 0);
  }

  /** A new way for a thread to ask; to be transferred to it. The one its number had before is given up. */
  port(thread: number): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#worker.postMessage({ thread, port: port1 } satisfies NewPort, [port1]);
    return port2;
  }

  /** To be called when a thread is gone for good, before memory it held is given to others. */
  cancel(thread: number): void {
    if (this.#control.state !== STATE.OPEN) return;
    try {
      this.client.call({ op: 'cancel', thread }, CANCEL_MS);
    } catch {
      // It must not touch memory any more, should it come back to life.
      this.#control.end(STATE.DEAD, 'it does not answer any more');
    }
  }

  /** Ends the thread; calls that wait fail. Idempotent. */
  end(): void {
    this.#control.end(STATE.CLOSED, '');
    this.client.close();
    void this.#worker.terminate();
  }
}

/** A thread that brings spilled objects back before they are needed, where free memory is there for them. Started by the first of them. */
export class ReadAhead {
  readonly #init: () => ReadAheadInit;
  readonly #onDeath: () => void;
  #worker: Worker | null = null;

  /** `init`: called when the thread is started, by the main thread; `onDeath`: when it has ended, to free what it held. */
  constructor(init: () => ReadAheadInit, onDeath: () => void) {
    this.#init = init;
    this.#onDeath = onDeath;
  }

  /** Returns at once; objects come back in this order, or not at all. */
  prefetch(ids: readonly ObjectId[]): void {
    if (this.#worker === null) {
      const init = this.#init();
      this.#worker = startThread(init, init.port === null ? [] : [init.port]);
      // It only helps: without it objects are brought back by those who need them.
      this.#worker.on('error', () => undefined);
      this.#worker.on('exit', () => {
        this.#worker = null;
        this.#onDeath();
      });
    }
    this.#worker.postMessage(ids);
  }

  end(): void {
    void this.#worker?.terminate();
  }
}

function startThread(init: ThreadInit, transferList: readonly MessagePort[]): Worker {
  const options = { execArgv: [], workerData: init, transferList: [...transferList], stdout: false, stderr: false };
  const worker = new Worker(threadUrl(), options);
  worker.unref();
  return worker;
}

/** The bundle puts the thread beside every chunk; from source (tests) the built one is used. */
function threadUrl(): URL {
  return import.meta.url.endsWith('.ts')
    ? new URL('../../dist/io.js', import.meta.url)
    : new URL('./io.js', import.meta.url);
}
