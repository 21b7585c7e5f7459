import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { IoClient } from './client.ts';
import { IoControl, type IoHandle, type NewPort, STATE } from './protocol.ts';

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
    this.#worker = new Worker(threadUrl(), {
      execArgv: [],
      workerData: this.handle,
      name: 'flowc-io',
      stdout: false,
      stderr: false,
    });
    this.#worker.unref();
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
    if (this.#control.state === STATE.OPEN) this.client.call({ op: 'cancel', thread }, CANCEL_MS);
  }

  /** Ends the thread; calls that wait fail. Idempotent. */
  end(): void {
    this.#control.end(STATE.CLOSED, '');
    this.client.close();
    void this.#worker.terminate();
  }
}

/** The bundle puts the thread beside every chunk; from source (tests) the built one is used. */
function threadUrl(): URL {
  return import.meta.url.endsWith('.ts')
    ? new URL('../../dist/io.js', import.meta.url)
    : new URL('./io.js', import.meta.url);
}
