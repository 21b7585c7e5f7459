import { availableParallelism } from 'node:os';
import { defaultHeap, startEarly } from '../engine/runtime/threads.ts';
import type { Api } from './api.ts';
import { type Output, openOutput } from './io.ts';
import { type Style, styleFor } from './style.ts';

/** What a command may touch of the outside; tests give their own. */
export interface Context {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdoutStyle: Style;
  readonly stderrStyle: Style;
  /** Starts a worker thread beside loading the engine that will use it, as one of so many (default: the processors). */
  startEarly(workers: number | undefined): void;
  /** Loads the compiler and the engine: only for the commands that need them. */
  loadApi(): Promise<Api>;
}

export function processContext(): Context {
  return {
    stdout: openOutput(process.stdout),
    stderr: openOutput(process.stderr),
    stdoutStyle: styleFor(process.stdout),
    stderrStyle: styleFor(process.stderr),
    startEarly: (workers) => startEarly(defaultHeap(workers ?? availableParallelism())),
    loadApi: async () => (await import('./backend.ts')).api,
  };
}
