import { join, resolve } from 'node:path';
import { type Access, demand } from '../../access.ts';
import { EngineBug, RunError } from '../../errors.ts';
import type { IoClient } from '../../io/client.ts';
import { checkSpillDir, cleanStale } from '../spill_dir.ts';
import { localTarget, type WriteVector } from './local.ts';
import { prepareS3, s3Target } from './s3.ts';
import { parseS3Url, s3Place } from './s3_url.ts';
import type { SpillTarget } from './target.ts';
import { parseUnstable, unstableTarget } from './unstable.ts';

/** What a target may need beyond its place. */
export interface TargetContext {
  /** Name of the store's own folder or key prefix in the place: `flowc-<pid>-<random>`. */
  readonly folder: string;
  /** The calling thread's number. */
  readonly thread: number;
  /** Its way to the I/O thread; null where no target is remote. */
  readonly client: IoClient | null;
  /** Replaces the system call that writes local files (tests). */
  readonly write?: WriteVector | undefined;
}

type TargetKind = 'local' | 's3' | 'unstable';

/** `s3://…` and `unstable:…` name storage of their own kind; everything else is a folder. Throws RunError FLOW7016 for another scheme. */
function targetKind(url: string): TargetKind {
  // One letter is a drive.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return 'local';
  if (scheme === 's3' || scheme === 'unstable') return scheme;
  throw new RunError(
    'FLOW7016',
    `spillDirs: "${url}" is neither a folder nor an s3:// address`,
    {},
    'Give a folder, or s3://bucket/prefix?region=…',
  );
}

/** Whether the target is reached through the I/O thread. */
export function isRemote(url: string): boolean {
  return targetKind(url) === 's3';
}

/** RunError FLOW7019 for a place that is reached by network and whose host is not allowed, or not stated: then the environment may name any. */
export function checkHost(access: Access, url: string): void {
  if (!isRemote(url)) return;
  const { endpoint, ...location } = parseS3Url(url);
  demand(access.refuseHost(s3Place({ endpoint, ...location }), endpoint === null ? null : new URL(endpoint).host));
}

/** Throws RunError FLOW7016 when the address does not say what it must. Touches nothing. */
export function checkTarget(url: string): void {
  const kind = targetKind(url);
  if (kind === 's3') parseS3Url(url);
  if (kind === 'unstable') parseUnstable(url);
}

/** Fails early when nothing could be spilled there (RunError FLOW7008), and removes what dead processes left. */
export function prepareTarget(url: string, { folder, client }: TargetContext): void {
  const kind = targetKind(url);
  if (kind === 's3') {
    prepareS3(url, folder, clientOf(url, client));
    return;
  }
  const dir = kind === 'local' ? url : parseUnstable(url).folder;
  checkSpillDir(dir);
  cleanStale(dir);
}

/** The spill target a user named, as the calling thread uses it. */
export function openTarget(url: string, { folder, thread, client, write }: TargetContext): SpillTarget {
  const kind = targetKind(url);
  if (kind === 's3') return s3Target(url, folder, clientOf(url, client));
  if (kind === 'local') return localTarget(join(resolve(url), folder), write);
  const faults = parseUnstable(url);
  return unstableTarget(localTarget(join(resolve(faults.folder), folder), write), faults, thread);
}

function clientOf(url: string, client: IoClient | null): IoClient {
  if (client === null) throw new EngineBug(`this thread has no way to ${url}: its store was attached without a port`);
  return client;
}
