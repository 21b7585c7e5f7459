import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { errorToData, RunError } from '../errors.ts';
import {
  IoControl,
  type IoHandle,
  type IoMessage,
  type IoRequest,
  type NewPort,
  type RemoteFolder,
  STATE,
} from './protocol.ts';
import { S3Folder } from './s3.ts';

/** The I/O thread: serves the requests of all threads, many at a time. */
const BEAT_MS = 250;
/** Longer messages of a server say nothing more, and would not fit a slot. */
const MESSAGE_CHARACTERS = 2000;

// This thread's own copy of the environment: what the SDK says about its future versions is for us, not for the user.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const control = new IoControl(workerData as IoHandle);
const folders = new Map<string, S3Folder>();

interface Peer {
  readonly port: MessagePort;
  /** Aborted when the thread is dead. */
  readonly abort: AbortController;
  readonly running: Set<Promise<void>>;
}

const peers = new Map<number, Peer>();

function folderOf(at: RemoteFolder): S3Folder {
  const key = `${at.folder} ${at.url}`;
  let folder = folders.get(key);
  if (folder === undefined) {
    folder = new S3Folder(at.url, at.folder, () => control.state !== STATE.OPEN);
    folders.set(key, folder);
  }
  return folder;
}

async function perform(r: IoRequest, signal: AbortSignal): Promise<void> {
  switch (r.op) {
    case 'prepare':
      return folderOf(r.at).prepare();
    case 'write':
      return folderOf(r.at).write(r.file, r.views, signal);
    case 'read':
      return folderOf(r.at).read(r.file, r.offset, r.into, signal);
    case 'remove':
      return folderOf(r.at).remove(r.file);
    case 'removeAll':
      return folderOf(r.at).removeAll(r.ms);
    case 'cancel':
      return cancel(r.thread);
  }
}

async function cancel(thread: number): Promise<void> {
  const peer = peers.get(thread);
  if (peer === undefined) return;
  peers.delete(thread);
  peer.abort.abort();
  peer.port.close();
  await Promise.all(peer.running);
}

/** The error as it crosses to another thread: without our frames, which say nothing to anybody. */
function textOf(e: unknown): string {
  const { stack, ...data } = errorToData(e);
  if (e instanceof RunError) return JSON.stringify({ ...data, message: data.message.slice(0, MESSAGE_CHARACTERS) });
  return JSON.stringify({ ...data, message: (stack ?? data.message).slice(0, MESSAGE_CHARACTERS) });
}

function serve({ thread, port }: NewPort): void {
  const slot = control.slot(thread);
  const peer: Peer = { port, abort: new AbortController(), running: new Set() };
  const before = peers.get(thread);
  before?.abort.abort();
  before?.port.close();
  peers.set(thread, peer);
  port.on('message', ({ sequence, request }: IoMessage) => {
    const work = perform(request, peer.abort.signal).then(
      () => slot.answer(sequence, null),
      (e: unknown) => slot.answer(sequence, textOf(e)),
    );
    peer.running.add(work);
    void work.finally(() => peer.running.delete(work));
  });
}

if (parentPort === null) throw new Error('the I/O module runs in a worker thread only');
parentPort.on('message', serve);
setInterval(() => control.beat(), BEAT_MS);
process.on('uncaughtException', (e) => {
  control.end(STATE.DEAD, e.message);
  process.exit(1);
});
process.on('exit', () => control.end(STATE.DEAD, 'it exited'));
