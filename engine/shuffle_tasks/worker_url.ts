import { fromModule } from '../tasks/definition.ts';
import type { ModuleFunction } from '../tasks/types.ts';

/** In the bundle the workers' module lies beside the code; from source (tests) that of the last build is used, as workers load built code only. */
const URL_OF_WORKERS = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/shuffle_tasks.js' : './shuffle_tasks.js',
  import.meta.url,
);

/** A function that entry.ts exports. */
export function workerFunction<F extends (...args: never[]) => unknown = (...args: never[]) => unknown>(
  name: string,
): ModuleFunction<F> {
  return fromModule<F>(URL_OF_WORKERS, name);
}
