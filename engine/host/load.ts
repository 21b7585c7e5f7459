import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { RunError } from '../errors.ts';
import { didYouMean } from '../formats/nearest.ts';
import { thrownData } from '../tasks/thrown.ts';
import type { HostFunction } from './def.ts';
import { framesOf, lineOf, thrownError } from './failure.ts';
import { importModule } from './import_module.ts';
import { keepTeardown } from './teardown.ts';
import { watchWords } from './watch.ts';

type Exports = Readonly<Record<string, unknown>>;

const AGGREGATE_MEMBERS = ['init', 'add', 'merge', 'value'] as const;

/** What a host function is on this thread. */
export type HostValue = (...args: unknown[]) => unknown;

/** An exported aggregate. State is the user's: it must be what JSON or structured clone carries. */
export interface HostAggregate {
  init(): unknown;
  add(state: unknown, ...args: unknown[]): unknown;
  merge(a: unknown, b: unknown): unknown;
  value(state: unknown): unknown;
}

/** By URL: loaded once on a thread. */
const modules = new Map<string, Promise<Exports>>();
const loaded = new Map<string, unknown>();
/** Modules whose `setup` has run. */
const open = new Set<string>();

const keyOf = (fn: HostFunction): string => JSON.stringify([fn.url, fn.export]);

/**
 * Makes functions ready on this thread: afterwards `hostValue` gives them at once. Modules are imported and their `setup` has run. RunError FLOW7017 for a module
 * that cannot be loaded, FLOW7016 for an export that is not there or not what the flow takes it for.
 */
export async function loadHost(fns: readonly HostFunction[]): Promise<void> {
  for (const fn of fns) {
    const key = keyOf(fn);
    if (!loaded.has(key) || !open.has(fn.url)) {
      const exports = await watched(fn, async () => {
        const module = await moduleOf(fn);
        await setUp(fn, module);
        return module;
      });
      loaded.set(key, exportOf(fn, exports));
    }
  }
}

/** A module that never ends to load is one call that takes too long. */
async function watched<T>(fn: HostFunction, work: () => Promise<T>): Promise<T> {
  if (fn.timeout === null) return work();
  const words = watchWords();
  const count = (): void => {
    words[0] = (words[0] as number) + 1;
  };
  words[1] = fn.id;
  count();
  return work().finally(count);
}

/** The function itself, after `loadHost`. */
export function hostValue(fn: HostFunction): HostValue {
  const value = loaded.get(keyOf(fn));
  if (value === undefined) throw new Error(`host function ${fn.name} is used before it is loaded`);
  return value as HostValue;
}

export function hostAggregate(fn: HostFunction): HostAggregate {
  return hostValue(fn) as unknown as HostAggregate;
}

async function moduleOf(fn: HostFunction): Promise<Exports> {
  let module = modules.get(fn.url);
  if (module === undefined) {
    module = importExports(fn.url);
    modules.set(fn.url, module);
  }
  try {
    return await module;
  } catch (e) {
    modules.delete(fn.url);
    throw notLoaded(fn, e);
  }
}

async function importExports(url: string): Promise<Exports> {
  await readTypeScript(url);
  return (await importModule(url)) as Exports;
}

/** From which version on Node strips types of imported modules by itself it says so; else a hook does it, which is installed with the first such module. */
const stripsTypes = Boolean((process.features as { readonly typescript?: unknown }).typescript);
let hooked = false;

async function readTypeScript(url: string): Promise<void> {
  if (stripsTypes || hooked || !/\.m?ts$/.test(new URL(url).pathname)) return;
  hooked = true;
  register(new URL(import.meta.url.endsWith('.ts') ? './ts_hooks.ts' : './ts_hooks.js', import.meta.url));
}

function notLoaded(fn: HostFunction, e: unknown): RunError {
  const data = thrownData(e);
  const frames = framesOf(data.stack);
  const missing = /^Cannot find (?:module|package) '([^']+)'/.exec(data.message);
  const place = syntaxPlace(e);
  const own = place === null || place.file === fileOf(fn.url);
  const line = place === null ? lineOf(fn, frames) : `${own ? fn.path : place.file}:${place.line}`;
  const what = `${data.name}: ${data.message.split('\n', 1)[0]}`;
  const hint =
    missing === null
      ? undefined
      : (missing[1] as string).includes('/') || (missing[1] as string).startsWith('.')
        ? 'imports of files name them with their extension: "./other.ts"'
        : `install it beside the module: npm install ${missing[1]}`;
  const error = new RunError(
    'FLOW7017',
    `${line} cannot be loaded: ${what}`,
    frames.length === 0 ? {} : { frames },
    hint,
  );
  error.cause = e;
  return error;
}

/** Of a syntax error the first line of the stack is its place: a URL, or a path. */
function syntaxPlace(e: unknown): { readonly file: string; readonly line: string } | null {
  const [first = ''] = String((e as Error | null)?.stack ?? '').split('\n', 1);
  const found = /^(file:\/\/.+?|.+\.m?[jt]s(?:\?.*)?):(\d+)$/.exec(first);
  return found === null ? null : { file: fileOf(found[1] as string), line: found[2] as string };
}

function fileOf(place: string): string {
  const bare = place.replace(/\?.*$/, '');
  return bare.startsWith('file:') ? fileURLToPath(bare) : bare;
}

function exportOf(fn: HostFunction, exports: Exports): unknown {
  const value = Object.hasOwn(exports, fn.export) ? exports[fn.export] : undefined;
  if (value === undefined) {
    const names = Object.keys(exports);
    throw new RunError(
      'FLOW7016',
      `${fn.path} does not export "${fn.export}"`,
      {},
      didYouMean(fn.export, names) ?? `its exports: ${names.slice(0, 20).join(', ')}`,
    );
  }
  if (fn.shape !== 'aggregate') {
    if (typeof value === 'function') return value;
    throw new RunError('FLOW7016', `"${fn.export}" of ${fn.path} is no function, but ${typeof value}`);
  }
  const members = value as Readonly<Record<string, unknown>>;
  const missing = AGGREGATE_MEMBERS.filter((name) => typeof members[name] !== 'function');
  if (missing.length === 0) return value;
  throw new RunError(
    'FLOW7016',
    `the aggregate "${fn.export}" of ${fn.path} lacks ${missing.map((name) => `${name}()`).join(', ')}`,
    {},
    'an aggregate is an object with the functions init, add, merge and value',
  );
}

async function setUp(fn: HostFunction, exports: Exports): Promise<void> {
  if (open.has(fn.url)) return;
  const run = Object.hasOwn(exports, 'setup') ? exports['setup'] : undefined;
  try {
    if (typeof run === 'function') await (run as () => unknown)();
  } catch (e) {
    throw thrownError({ ...fn, name: 'setup' }, e, null);
  }
  open.add(fn.url);
  keepTeardown(fn, exports);
}
