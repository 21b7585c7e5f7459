/** What `flowc` does beyond its fast answers: one script in dist/, whose compiled code is kept (code_cache.ts). */
export { bugReport } from './bug.ts';
export { EXIT } from './exit.ts';
export { main } from './program.ts';
