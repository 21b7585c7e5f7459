import type { MessagePort } from 'node:worker_threads';
import { errorToData, RunError } from '../errors.ts';
import { type IoControl, type IoMessage, type IoRequest, type NewPort, type RemoteFolder, STATE } from './protocol.ts';
import { S3Folder } from './s3.ts';

const BEAT_MS = 250;
/** Longer messages of a server say nothing more, and would not fit a slot. */
const MESSAGE_CHARACTERS = 1000;

interface Peer {
  readonly port: MessagePort;
  /** Aborted when the thread is dead. */
  readonly abort: AbortController;
  readonly running: Set<Promise<void>>;
}

/** The I/O thread: serves the requests of all threads, many at a time. */
export class Transfers {
  readonly #control: IoControl;
  readonly #folders = new Map<string, S3Folder>();
  readonly #peers = new Map<number, Peer>();

  constructor(control: IoControl) {
    this.#control = control;
    setInterval(() => control.beat(), BEAT_MS);
  }

  /** From now on serves what comes on the port of a thread. */
  serve({ thread, port }: NewPort): void {
    const slot = this.#control.slot(thread);
    const peer: Peer = { port, abort: new AbortController(), running: new Set() };
    const before = this.#peers.get(thread);
    before?.abort.abort();
    before?.port.close();
    this.#peers.set(thread, peer);
    port.on('message', ({ sequence, request }: IoMessage) => {
      const work = this.#perform(request, peer.abort.signal).then(
        () => slot.answer(sequence, null),
        (e: unknown) => slot.answer(sequence, textOf(e)),
      );
      peer.running.add(work);
      void work.finally(() => peer.running.delete(work));
    });
  }

  async #perform(r: IoRequest, signal: AbortSignal): Promise<void> {
    switch (r.op) {
      case 'prepare':
        return this.#folder(r.at).prepare();
      case 'write':
        return this.#folder(r.at).write(r.file, r.views, signal);
      case 'read':
        return this.#folder(r.at).read(r.file, r.offset, r.into, signal);
      case 'remove':
        return this.#folder(r.at).remove(r.file, signal);
      case 'removeAll':
        return this.#folder(r.at).removeAll(r.ms);
      case 'cancel':
        return this.#cancel(r.thread);
    }
  }

  #folder(at: RemoteFolder): S3Folder {
    const key = `${at.folder} ${at.url}`;
    let folder = this.#folders.get(key);
    if (folder === undefined) {
      folder = new S3Folder(at.url, at.folder, () => this.#control.state !== STATE.OPEN);
      this.#folders.set(key, folder);
    }
    return folder;
  }

  async #cancel(thread: number): Promise<void> {
    const peer = this.#peers.get(thread);
    if (peer === undefined) return;
    this.#peers.delete(thread);
    peer.abort.abort();
    peer.port.close();
    await Promise.all(peer.running);
  }
}

/** The error as it crosses to another thread: without our frames, which say nothing to anybody. */
function textOf(e: unknown): string {
  const { stack, ...data } = errorToData(e);
  if (e instanceof RunError) return JSON.stringify({ ...data, message: data.message.slice(0, MESSAGE_CHARACTERS) });
  return JSON.stringify({ ...data, message: (stack ?? data.message).slice(0, MESSAGE_CHARACTERS) });
}
