let loaded: typeof import('node:crypto') | null = null;

/** node:crypto, loaded when it is needed: that takes 2 ms, and most runs have no use for it. */
export function crypto(): typeof import('node:crypto') {
  loaded ??= process.getBuiltinModule('node:crypto');
  return loaded;
}
