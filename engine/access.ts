import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RunError } from './errors.ts';
import type { SourceSpan } from './expr.ts';
import { STDIN } from './formats/files.ts';
import { globRoots } from './formats/glob.ts';
import { hostFunctionsOf } from './host/def.ts';
import type { PhysicalPlan } from './plan.ts';

/**
 * What a flow may reach. A kind that is left out is not limited; of one that is given, everything that is not named is refused (FLOW5008 when the flow is checked,
 * FLOW7019 when it runs). Standard input and output are always allowed, and so are the places that the caller names: the flow's own file, spill folders on disk.
 */
export interface AccessRules {
  /** Folders, with all that is in them, and files: sources, models, and files named by `import` and `use`. */
  readonly allowRead?: readonly string[];
  /** Folders and files that `write` steps may write. */
  readonly allowWrite?: readonly string[];
  /** Hosts, as `name` or `name:port`: of the places to spill to that are reached by network. */
  readonly allowNet?: readonly string[];
}

export type AccessKind = 'read' | 'write' | 'net';

/** Why a place is refused; the parts of a message. */
export interface Refusal {
  readonly kind: AccessKind;
  /** As it was written. */
  readonly path: string;
  /** Where it leads, when that is another place than it seems. */
  readonly real: string | null;
  /** What may be reached. */
  readonly allowed: readonly string[];
}

const OPTIONS = { read: 'allowRead', write: 'allowWrite', net: 'allowNet' } as const;

/** Rules with their folders looked up once: a folder that becomes a link later does not widen them. */
export class Access {
  /** All of them must allow it. */
  readonly #rules: readonly Rules[];

  /** Relative paths start in the process's folder. RunError FLOW7016 for rules that are none. */
  constructor(rules: AccessRules, ...others: readonly Access[]) {
    this.#rules = [lookUp(rules), ...others.flatMap((one) => one.#rules)];
  }

  /** Null: the file may be used. `path` starts in `cwd`. */
  refuse(kind: 'read' | 'write', path: string, cwd: string = process.cwd()): Refusal | null {
    const limits = this.#rules.flatMap((one) => one[kind] ?? []);
    if (limits.length === 0 || path === STDIN) return null;
    const plain = resolve(cwd, path);
    const real = realPath(plain);
    const broken = limits.find(({ folders }) => !folders.some((one) => isWithin(real, one)));
    return broken === undefined ? null : { kind, path, real: real === plain ? null : real, allowed: broken.allowed };
  }

  /** A path, a glob or a list of them, before anything is looked up: the folder in which a glob starts must be allowed. */
  refusePattern(pattern: string | readonly string[], cwd: string): Refusal | null {
    for (const one of typeof pattern === 'string' ? [pattern] : pattern) {
      for (const root of one === STDIN ? [] : globRoots(one)) {
        const refused = this.refuse('read', root, cwd);
        if (refused !== null) return { ...refused, path: one };
      }
    }
    return null;
  }

  /** `host`: with its port where that is not the usual one; null: not known before the connection is made. */
  refuseHost(place: string, host: string | null): Refusal | null {
    const name = host?.replace(/:\d+$/, '');
    const broken = this.#rules.find(({ net }) => net?.some((one) => one === host || one === name) === false);
    return broken === undefined ? null : { kind: 'net', path: place, real: host, allowed: broken.net ?? [] };
  }

  /** Everything that a plan reads and writes, just before it does. RunError FLOW7019 for the first that is refused. */
  check(plan: PhysicalPlan): void {
    if (this.#rules.every(({ read, write }) => read === null && write === null)) return;
    for (const { input, output } of plan.stages) {
      if (input.kind === 'scan') {
        for (const path of input.source.paths) demand(this.refuse('read', path), input.source.span);
      }
      if (output.kind === 'sink') demand(this.refuse('write', output.path), output.span);
    }
    for (const { url } of hostFunctionsOf(plan)) {
      if (url.startsWith('file:')) demand(this.refuse('read', fileURLToPath(url)));
    }
  }
}

interface Limit {
  /** As they were given. */
  readonly allowed: readonly string[];
  /** Without links. */
  readonly folders: readonly string[];
}

interface Rules {
  readonly read: Limit | null;
  readonly write: Limit | null;
  readonly net: readonly string[] | null;
}

function lookUp(rules: AccessRules): Rules {
  for (const name of Object.values(OPTIONS)) checkRule(name, rules[name]);
  const limit = (allowed: readonly string[] | undefined): Limit | null =>
    allowed === undefined ? null : { allowed, folders: allowed.map((one) => realPath(resolve(one))) };
  return { read: limit(rules.allowRead), write: limit(rules.allowWrite), net: rules.allowNet ?? null };
}

/** RunError FLOW7019 for what is refused. */
export function demand(refused: Refusal | null, span?: SourceSpan): void {
  if (refused === null) return;
  const where = { file: refused.path, ...(span === undefined ? {} : { span }) };
  const { message, note, help } = refusalText(refused);
  throw new RunError('FLOW7019', `${message}: ${note}`, where, help);
}

export function refusalText({ kind, path, real, allowed }: Refusal): { message: string; note: string; help: string } {
  const list = allowed.length === 0 ? 'nothing is' : `allowed is ${allowed.map((one) => `"${one}"`).join(', ')}`;
  const allow = `--allow-${kind} (in TypeScript ${OPTIONS[kind]})`;
  if (kind === 'net') {
    const host = real === null ? 'does not say its host' : `is at ${real}`;
    const help = real === null ? 'write the host into its address: endpoint=https://HOST' : `allow it with ${allow}`;
    return { message: `"${path}" may not be reached`, note: `it ${host}, and ${list}`, help };
  }
  return {
    message: `"${path}" may not be ${kind === 'read' ? 'read' : 'written'}`,
    note: real === null ? list : `it leads to ${real}, and ${list}`,
    help: `allow it with ${allow}, or name a file that is allowed`,
  };
}

function checkRule(name: string, list: unknown): void {
  if (list === undefined) return;
  if (Array.isArray(list) && list.every((one) => typeof one === 'string' && one !== '' && !one.includes('\0'))) return;
  throw new RunError('FLOW7016', `${name} is no list of ${name === 'allowNet' ? 'hosts' : 'paths'}`);
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Links in a chain; a longer one is a cycle, as the system has it. */
const MAX_LINKS = 40;

/**
 * The path without links and `..`. What is not there yet lies where its folder leads, and a link to nothing leads there all the same: a file made behind it would be
 * outside.
 */
function realPath(path: string, links = 0): string {
  try {
    return realpathSync.native(path);
  } catch {
    const parent = dirname(path);
    if (parent === path) return path;
    const place = join(realPath(parent, links), basename(path));
    const target = linkTarget(place);
    return target === null || links >= MAX_LINKS ? place : realPath(resolve(dirname(place), target), links + 1);
  }
}

function linkTarget(path: string): string | null {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : null;
  } catch {
    return null;
  }
}
