import { accessSync, constants, readdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, relative, resolve } from 'node:path';
import { RunError } from '../errors.ts';
import { globFiles, isGlob } from './glob.ts';
import { didYouMean } from './nearest.ts';

/** Standard input, where a path may stand. */
export const STDIN = '-';

/**
 * The files a source names, in the order they are read: a path, a glob (`*`, `?`, `[set]`, `{a,b}`, `**`; sorted by code unit), a list
 * of these in the order written, or `-`. Relative paths start in `cwd`; what comes back is relative to the process's folder where it lies below it.
 * RunError FLOW7001 when nothing is there (with near names), FLOW7002 when it is a folder or may not be read.
 */
export async function resolvePaths(
  pattern: string | readonly string[],
  cwd: string = process.cwd(),
): Promise<string[]> {
  const patterns = typeof pattern === 'string' ? [pattern] : pattern;
  if (patterns.length === 0) throw new RunError('FLOW7001', 'the list of input files is empty');
  const found: string[] = [];
  for (const one of patterns) found.push(...(await resolveOne(one, cwd)));
  return [...new Set(found)];
}

async function resolveOne(pattern: string, cwd: string): Promise<string[]> {
  if (pattern === STDIN) return [STDIN];
  if (pattern === '') throw new RunError('FLOW7001', 'the path of the input is empty');
  const literal = resolve(cwd, pattern);
  if (!isGlob(pattern) || tryStat(literal)?.isFile() === true) {
    checkFile(pattern, literal, cwd);
    return [shown(literal)];
  }
  const matches = await globFiles(pattern, cwd);
  if (matches.length === 0) throw notFound(`no file matches "${pattern}"`, pattern, cwd);
  return matches.map((m) => {
    const path = resolve(cwd, m);
    checkFile(m, path, cwd);
    return shown(path);
  });
}

function shown(path: string): string {
  const below = relative(process.cwd(), path);
  return below === '' || below.startsWith('..') || isAbsolute(below) ? path : below;
}

function tryStat(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function checkFile(written: string, path: string, cwd: string): void {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (e) {
    if (errorCode(e) === 'ENOENT' || errorCode(e) === 'ENOTDIR') throw notFound(`no file "${written}"`, written, cwd);
    throw readError(written, e);
  }
  if (stats.isDirectory()) {
    throw new RunError(
      'FLOW7002',
      `"${written}" is a folder, not a file`,
      { file: written },
      `name its files: "${folderGlob(written, path)}"`,
    );
  }
  if (!stats.isFile()) {
    throw new RunError(
      'FLOW7002',
      `"${written}" is a ${stats.isFIFO() ? 'pipe' : 'device'}, not a file`,
      { file: written },
      'it is read more than once and from any place: copy it to a file, or pass it to standard input and read "-"',
    );
  }
  try {
    accessSync(path, constants.R_OK);
  } catch (e) {
    throw readError(written, e);
  }
}

/** `dir/*.csv`, with the extension most of the folder's files have. */
function folderGlob(written: string, path: string): string {
  const counts = new Map<string, number>();
  let below = '';
  try {
    const folders = readdirSync(path, { withFileTypes: true }).filter((e) => e.isDirectory() && e.name.includes('='));
    if (folders.length > 0) below = '**/';
    for (const name of readdirSync(path, { recursive: below !== '' }) as string[]) {
      const extension = /(\.[a-z0-9]+)(\.gz)?$/i.exec(name)?.[0];
      if (extension !== undefined) counts.set(extension, (counts.get(extension) ?? 0) + 1);
    }
  } catch {
    // Only a suggestion: a folder that cannot be listed gets the general one.
  }
  const best = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0] ?? '.csv';
  return `${written.replace(/\/+$/, '')}/${below}*${best}`;
}

function notFound(message: string, written: string, cwd: string): RunError {
  const path = resolve(cwd, written);
  let hint: string | undefined;
  let names: string[] = [];
  try {
    names = readdirSync(dirname(path)).sort();
  } catch {
    hint = `there is no folder "${dirname(written)}"`;
  }
  const near = didYouMean(basename(path), names);
  const place = isAbsolute(written) ? '' : ` (looked in ${cwd})`;
  return new RunError('FLOW7001', message + place, { file: written }, near ?? hint);
}

/** The RunError for a failed open or read of an input. */
export function readError(path: string, e: unknown): RunError {
  if (e instanceof RunError) return e;
  const why: Record<string, string> = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    ENOENT: 'it is not there any more',
    EISDIR: 'it is a folder',
    EIO: 'the disk reports an error',
    EMFILE: 'too many files are open',
  };
  const code = errorCode(e);
  const reason = (code !== undefined ? why[code] : undefined) ?? (e instanceof Error ? e.message : String(e));
  return new RunError('FLOW7002', `cannot read "${path}": ${reason}`, { file: path });
}

export function errorCode(e: unknown): string | undefined {
  return e instanceof Error && 'code' in e && typeof e.code === 'string' ? e.code : undefined;
}
