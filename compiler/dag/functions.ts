import { RunError } from '../../engine/errors.ts';
import { describeFunction } from '../../engine/tasks/functions.ts';
import type { TaskSpec } from './types.ts';

/** How a function gets to a worker, or why it cannot: a mistake is told with all others when the graph is checked. */
export function sourceOf(fn: unknown): TaskSpec['fn'] {
  try {
    const source = describeFunction(fn);
    const isClass = source.kind === 'closure' && /^class\b/.test(source.code);
    return isClass ? refused(fn, 'it is a class; tasks are calls of functions') : source;
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return refused(fn, error.hint === undefined ? error.message : `${error.message}; ${error.hint}`);
  }
}

function refused(fn: unknown, reason: string): TaskSpec['fn'] {
  return { kind: 'refused', reason, name: typeof fn === 'function' ? fn.name : '' };
}

/** Why the function cannot be sent, or null. Modules are looked at again: a graph that was read from JSON may name any. */
export function refusal(fn: TaskSpec['fn']): string | null {
  const source = fn.kind === 'module' ? sourceOf({ url: fn.url, name: fn.name }) : fn;
  return source.kind === 'refused' ? source.reason : null;
}
