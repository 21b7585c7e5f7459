import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RunError } from '../errors.ts';

/** True when the text holds a wildcard: `*`, `?`, `[set]` or `{a,b}`. A backslash takes the meaning from the next character. */
export function isGlob(pattern: string): boolean {
  return /(^|[^\\])[*?[{]/.test(pattern);
}

/** Patterns that the braces of one may stand for. */
const MAX_EXPANDED = 10_000;
/** Characters of a pattern; paths are not longer. */
const MAX_PATTERN = 4096;

/** `a{b,c{d,e}}` -> `ab`, `acd`, `ace`. A brace without a comma or without an end stands for itself. RunError FLOW7001 when it stands for too many. */
export function expandBraces(pattern: string): string[] {
  if (pattern.length > MAX_PATTERN) throw tooMuch(pattern, `has more than ${MAX_PATTERN} characters`);
  let depth = 0;
  let open = -1;
  let commas: number[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const ch = pattern[i];
    if (ch === '\\') i++;
    else if (ch === '{') {
      if (depth++ === 0) {
        open = i;
        commas = [];
      }
    } else if (ch === ',' && depth === 1) commas.push(i);
    else if (ch === '}' && depth > 0 && --depth === 0 && commas.length > 0) {
      const cuts = [open, ...commas, i];
      const tails = expandBraces(pattern.slice(i + 1));
      const middles = cuts.slice(1).flatMap((cut, k) => expandBraces(pattern.slice(cuts[k]! + 1, cut)));
      if (middles.length * tails.length > MAX_EXPANDED) {
        throw tooMuch(pattern, `stands for more than ${MAX_EXPANDED} patterns`);
      }
      return middles.flatMap((m) => tails.map((t) => pattern.slice(0, open) + m + t));
    }
  }
  return [pattern];
}

function tooMuch(pattern: string, why: string): RunError {
  const shown = pattern.length > 60 ? `${pattern.slice(0, 60)}…` : pattern;
  return new RunError('FLOW7001', `"${shown}" ${why}`, { file: shown }, 'name the files by a wildcard, or as a list');
}

/** The folders, or the files, that a path or a glob starts with: what stands before its first wildcard. */
export function globRoots(pattern: string): string[] {
  if (!isGlob(pattern)) return [pattern];
  return expandBraces(pattern).map((one) => {
    const segments = one.split('/');
    const first = segments.findIndex(isGlob);
    const fixed = (first < 0 ? segments : segments.slice(0, first)).map(unescapeGlob).join('/');
    return fixed === '' ? (one.startsWith('/') ? '/' : '.') : fixed;
  });
}

/** Matcher of one path segment (no `/`, no braces). A leading dot is only matched by a written dot. */
export function segmentMatcher(glob: string): (name: string) => boolean {
  let source = glob.startsWith('.') ? '' : '(?!\\.)';
  for (let i = 0; i < glob.length; i++) {
    const ch = glob[i]!;
    if (ch === '*') source += '.*';
    else if (ch === '?') source += '.';
    else if (ch === '[') {
      const end = glob.indexOf(']', i + 2);
      if (end < 0) source += '\\[';
      else {
        source += characterSet(glob.slice(i + 1, end));
        i = end;
      }
    } else if (ch === '\\' && i + 1 < glob.length) source += quote(glob[++i]!);
    else source += quote(ch);
  }
  const pattern = new RegExp(`^${source}$`, 'su');
  return (name) => pattern.test(name);
}

function characterSet(body: string): string {
  const negated = body.startsWith('!') || body.startsWith('^');
  const inner = (negated ? body.slice(1) : body).replace(/[\\\]^[]/g, '\\$&');
  return `[${negated ? '^' : ''}${inner}]`;
}

function quote(ch: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(ch) ? `\\${ch}` : ch;
}

function unescapeGlob(segment: string): string {
  return segment.replace(/\\(.)/gsu, '$1');
}

/**
 * Files that match, by code unit order of their paths, without duplicates. `root` is the folder relative patterns start in; a path
 * comes back the way the pattern was written (relative stays relative). A folder that cannot be listed counts as empty; symbolic
 * links are followed, but not by `**`.
 */
export async function globFiles(pattern: string, root: string): Promise<string[]> {
  const found = new Set<string>();
  for (const one of expandBraces(pattern)) {
    const absolute = one.startsWith('/');
    const segments = one.split('/').filter((s, i) => s !== '' && !(s === '.' && i > 0));
    await walk(absolute ? '/' : '', segments, 0, root, found);
  }
  return [...found].sort((a, b) => (a < b ? -1 : 1));
}

async function walk(
  base: string,
  segments: readonly string[],
  at: number,
  root: string,
  found: Set<string>,
): Promise<void> {
  const segment = segments[at];
  if (segment === undefined) return;
  const last = at === segments.length - 1;
  if (segment === '**') {
    await walk(base, last ? [...segments, '*'] : segments, at + 1, root, found);
    for (const entry of await list(base, root)) {
      if (entry.isDirectory() && !entry.name.startsWith('.'))
        await walk(join(base, entry.name), segments, at, root, found);
    }
    return;
  }
  if (!isGlob(segment)) {
    const path = join(base, unescapeGlob(segment));
    if (!last) return walk(path, segments, at + 1, root, found);
  }
  const matches = isGlob(segment) ? segmentMatcher(segment) : (name: string) => name === unescapeGlob(segment);
  for (const entry of await list(base, root)) {
    if (!matches(entry.name)) continue;
    const path = join(base, entry.name);
    if (!last) {
      if (!entry.isFile()) await walk(path, segments, at + 1, root, found);
    } else if (entry.isFile() || (entry.isSymbolicLink() && (await linksToFile(path, root)))) found.add(path);
  }
}

async function list(base: string, root: string) {
  try {
    return await readdir(base.startsWith('/') ? base : join(root, base), { withFileTypes: true });
  } catch {
    return [];
  }
}

async function linksToFile(path: string, root: string): Promise<boolean> {
  try {
    return (await stat(path.startsWith('/') ? path : join(root, path))).isFile();
  } catch {
    return false;
  }
}
