import { types } from 'node:util';
import vm from 'node:vm';
import { RunError } from '../errors.ts';
import { didYouMean } from '../formats/nearest.ts';
import { importModule } from '../host/import_module.ts';
import type { FunctionSource, ModuleFunction } from './types.ts';

/** Any function or class, from a user: its arguments are checked by nobody before it is called. */
export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;
export type AnyClass = new (...args: unknown[]) => object;

const described = new WeakMap<object, FunctionSource>();
/** By text: closures made anew in every round of a loop are one function. */
const byText = new Map<string, FunctionSource>();
const MOST_TEXTS = 10_000;

/**
 * How a function or class gets to a worker. Equal functions give the same object. RunError FLOW7016 for what cannot: native and bound functions,
 * generators, getters, modules whose URL is none or which this Node cannot load.
 */
export function describeFunction(fn: unknown): FunctionSource {
  if ((typeof fn !== 'object' && typeof fn !== 'function') || fn === null) {
    throw refused(
      `${fn === null ? 'null' : typeof fn} is no function`,
      'give a function, a class, or what fromModule made',
    );
  }
  const known = described.get(fn);
  if (known !== undefined) return known;
  const source =
    typeof fn === 'function' ? describeClosure(fn) : describeModule(fn as Partial<ModuleFunction<unknown>>);
  described.set(fn, source);
  return source;
}

function refused(message: string, hint?: string): RunError {
  return new RunError('FLOW7016', message, {}, hint);
}

const USE_MODULE = 'put it into a module of its own, export it, and use fromModule';

function describeClosure(fn: object): FunctionSource {
  const text = Function.prototype.toString.call(fn);
  const { name } = fn as { readonly name: unknown };
  const title = typeof name === 'string' ? name : '';
  const cached = byText.get(text);
  if (cached !== undefined && cached.name === title) return cached;
  const source: FunctionSource = { kind: 'closure', code: closureCode(fn, text, title), name: title };
  if (byText.size >= MOST_TEXTS) byText.clear();
  byText.set(text, source);
  return source;
}

/** An expression whose value is the function. */
function closureCode(fn: object, text: string, name: string): string {
  const title = name === '' ? 'the function' : `the function ${name}`;
  if (/\{\s*\[native code\]\s*\}$/.test(text)) {
    if (name.startsWith('bound ')) {
      throw refused(`${title} is bound: what it is bound to cannot travel`, 'pass what it needs as arguments');
    }
    throw refused(`${title} has no text in JavaScript (it is native)`, `wrap it: (...args) => ${name || 'f'}(...args)`);
  }
  if (types.isGeneratorFunction(fn)) {
    throw refused(`${title} is a generator`, 'a task has one value or an array of them: return an array');
  }
  const problem = compiles(`(${text}\n)`);
  if (problem === null) return text;
  // A method's text is not an expression; in an object it is a member again.
  const method = `Object.values({ ${text} })[0]`;
  const accessor = /^[gs]et\s+[^\s(]/.test(text);
  if (!accessor && compiles(method) === null) return method;
  const why = accessor ? 'it is a getter or setter' : problem;
  throw refused(`${title} cannot be taken out of its place: ${why}`, USE_MODULE);
}

/** null, or why not. Nothing is run. */
function compiles(code: string): string | null {
  try {
    new vm.Script(`${STRICT}${code}`);
    return null;
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  }
}

function describeModule({ url, name }: Partial<ModuleFunction<unknown>>): FunctionSource {
  if (typeof url !== 'string' || typeof name !== 'string' || name === '') {
    throw refused('an object is no function', 'give a function, a class, or what fromModule made');
  }
  if (!URL.canParse(url) || !['file:', 'data:', 'node:'].includes(new URL(url).protocol)) {
    throw refused(
      `"${url}" is not the URL of a module`,
      'fromModule takes a file: URL: new URL("./steps.js", import.meta.url)',
    );
  }
  checkTypeScript(url);
  return { kind: 'module', url, name };
}

function checkTypeScript(url: string): void {
  const { protocol, pathname } = new URL(url);
  const strips = Boolean((process.features as { readonly typescript?: unknown }).typescript);
  if (protocol !== 'file:' || !/\.[cm]?ts$/.test(pathname) || strips) return;
  throw refused(
    `Node ${process.versions.node} does not load TypeScript modules on worker threads: ${url}`,
    'give the compiled .js module, or run with Node 22.18 or newer, which strips types itself',
  );
}

// --- on a worker ---

const STRICT = '"use strict";';
/** Transpilers that keep names (tsx, esbuild) call this helper, which stands in their module, inside of functions. */
const KEEP_NAMES =
  'const __name = (target, value) => Object.defineProperty(target, "name", { value, configurable: true });';

const loaded = new WeakMap<FunctionSource, AnyFunction | AnyClass>();

/**
 * The function itself; loaded once on this thread. Closures are evaluated in strict mode in the global scope; `import()` in them looks from the working
 * directory. RunError FLOW7016 for a module or export that is not there; what a module throws while it is loaded is thrown as it is.
 */
export function loadFunction(source: FunctionSource): AnyFunction | AnyClass | Promise<AnyFunction | AnyClass> {
  const known = loaded.get(source);
  if (known !== undefined) return known;
  if (source.kind === 'module') return loadModule(source);
  const made = evaluate(source.code, source.name);
  loaded.set(source, made);
  return made;
}

/** What stands for a file name in frames of closures. No URL and no path: `import()` would look from there. */
const CLOSURE_FILE = 'closure ';

function evaluate(code: string, name: string): AnyFunction {
  if (code.includes('import')) silenceImportWarning();
  // The helper is on the line before the text, so that lines and columns of frames are those of the function's text.
  const script = new vm.Script(`${STRICT}(() => { ${KEEP_NAMES} return (\n${code}\n); })()`, {
    filename: `${CLOSURE_FILE}${name === '' ? 'anonymous' : name}`,
    lineOffset: -1,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const made = script.runInThisContext() as AnyFunction;
  // A function that stands alone has no name to infer any more.
  if (made.name === '' && name !== '') Object.defineProperty(made, 'name', { value: name, configurable: true });
  return made;
}

let silenced = false;

/** Node warns once per thread of the way we let closures import modules: the warning would be the user's to wonder about. */
function silenceImportWarning(): void {
  if (silenced) return;
  silenced = true;
  const warn = process.emitWarning;
  process.emitWarning = () => {};
  try {
    new vm.Script("import('node:v8')", {
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    }).runInThisContext();
  } finally {
    process.emitWarning = warn;
  }
}

type ModuleSource = Extract<FunctionSource, { kind: 'module' }>;

/** Modules that are there already, by URL. */
const provided = new Map<string, Readonly<Record<string, unknown>>>();

/** What functions of the module at `url` are found in on this thread, in place of importing it. */
export function provideModule(url: string, module: Readonly<Record<string, unknown>>): void {
  provided.set(url, module);
}

async function loadModule(source: ModuleSource): Promise<AnyFunction | AnyClass> {
  checkTypeScript(source.url);
  let module: Readonly<Record<string, unknown>>;
  try {
    module = provided.get(source.url) ?? ((await importModule(source.url)) as Readonly<Record<string, unknown>>);
  } catch (e) {
    if (isMissing(e, source.url)) {
      throw refused(
        `there is no module ${source.url}`,
        'fromModule takes a URL: new URL("./steps.js", import.meta.url)',
      );
    }
    throw e;
  }
  const fn = Object.hasOwn(module, source.name) ? module[source.name] : undefined;
  if (typeof fn === 'function') {
    loaded.set(source, fn as AnyFunction);
    return fn as AnyFunction;
  }
  throw noFunction(source, module);
}

/** Whether it is the module itself that is not there, not one it imports. */
function isMissing(e: unknown, url: string): boolean {
  if (!(e instanceof Error)) return false;
  const { code, url: missing } = e as { readonly code?: unknown; readonly url?: unknown };
  return (code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_UNKNOWN_BUILTIN_MODULE') && (missing ?? url) === url;
}

function noFunction({ url, name }: ModuleSource, module: Readonly<Record<string, unknown>>): RunError {
  const names = Object.keys(module).filter((n) => typeof module[n] === 'function');
  const all = names.length === 0 ? 'it exports no functions' : `its functions: ${names.slice(0, 20).join(', ')}`;
  const problem = Object.hasOwn(module, name)
    ? `"${name}" of ${url} is no function`
    : `${url} does not export "${name}"`;
  return refused(problem, didYouMean(name, names) ?? all);
}
