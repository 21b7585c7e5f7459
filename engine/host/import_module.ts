/** `import()` of who runs this code as a script (code_cache.ts): before Node.js 22, V8 forgets of kept compiled code how it imports. */
declare const importFor: ((specifier: string) => Promise<unknown>) | undefined;

/** A module, as by `import()`: of a package, or by its URL. */
export function importModule(specifier: string): Promise<unknown> {
  return typeof importFor === 'undefined' ? import(specifier) : importFor(specifier);
}
