// What a worker thread starts with: the code of the engine, from where it is kept compiled.
import { runCached } from './code_cache.ts';

/** Of worker_main.cjs; put in by the build. */
declare const WORKER_BUILD: string;

const script = new URL('./worker_main.cjs', import.meta.url);
const { exports, keep } = runCached(script, WORKER_BUILD, 'worker', (specifier) => import(specifier));
(exports as typeof import('./worker_main.ts')).start(keep);
