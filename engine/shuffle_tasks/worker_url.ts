import { fromModule } from '../tasks/definition.ts';
import type { ModuleFunction } from '../tasks/types.ts';

/** The workers' own code, which provides entry.ts. In the bundle it lies beside the code; from source (tests) that of the last build is used, as workers load built code only. */
const URL_OF_WORKERS = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/worker_main.cjs' : './worker_main.cjs',
  import.meta.url,
);

/** A function that entry.ts exports. */
export function workerFunction<F extends (...args: never[]) => unknown = (...args: never[]) => unknown>(
  name: string,
): ModuleFunction<F> {
  return fromModule<F>(URL_OF_WORKERS, name);
}
