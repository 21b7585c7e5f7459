import type { Store } from '../store/types.ts';

let current: Store | null = null;

/** Calls on this thread use this store from now on. */
export function setThreadStore(store: Store): void {
  current = store;
}

/** The store of the thread a task runs on, for the engine's own tasks; null on others. What is allocated must be freed before the task ends. */
export function threadStore(): Store | null {
  return current;
}
