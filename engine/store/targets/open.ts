import { join, resolve } from 'node:path';
import { RunError } from '../../errors.ts';
import { checkSpillDir, cleanStale } from '../spill_dir.ts';
import { localTarget, type WriteVector } from './local.ts';
import type { SpillTarget } from './target.ts';

/** What a target may need beyond its place. */
export interface TargetContext {
  /** Name of the store's own folder or key prefix in the place: `flowc-<pid>-<random>`. */
  readonly folder: string;
  /** Replaces the system call that writes local files (tests). */
  readonly write?: WriteVector | undefined;
}

export type TargetKind = 'local' | 's3' | 'unstable';

/** `s3://…` and `unstable:…` name storage of their own kind; everything else is a folder. Throws RunError FLOW7016 for another scheme. */
export function targetKind(url: string): TargetKind {
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

/** Throws RunError FLOW7016 when the address does not say what it must. Touches nothing. */
export function checkTarget(url: string): void {
  targetKind(url);
}

/** Fails early when nothing could be spilled there (RunError FLOW7008), and removes what dead processes left. */
export function prepareTarget(url: string): void {
  if (targetKind(url) !== 'local') return;
  checkSpillDir(url);
  cleanStale(url);
}

/** The spill target a user named, as the calling thread uses it. */
export function openTarget(url: string, context: TargetContext): SpillTarget {
  if (targetKind(url) === 'local') return localTarget(join(resolve(url), context.folder), context.write);
  throw new RunError('FLOW7016', `spillDirs: "${url}" cannot be used in this build`);
}
