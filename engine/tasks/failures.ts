import { type ErrorData, RunError, type RunErrorCode, type RunErrorWhere } from '../errors.ts';
import type { WorkerDied } from './job.ts';
import type { Value } from './refs.ts';

/** A failure of the user's or the machine's: frames of ours would tell nothing. */
function failure(code: RunErrorCode, message: string, where: RunErrorWhere = {}, hint?: string): RunError {
  const e = new RunError(code, message, where, hint);
  e.stack = `${e.name}: ${message}`;
  return e;
}

/** What a task's function threw; `cause` is an Error as the user threw it. Both have the user's frames only. */
export function taskError(name: string, thrown: ErrorData): RunError {
  const cause = new Error(thrown.message);
  cause.name = thrown.name;
  cause.stack = thrown.stack ?? `${thrown.name}: ${thrown.message}`;
  const said = thrown.name === 'Error' ? thrown.message : `${thrown.name}: ${thrown.message}`;
  const error = failure('FLOW7013', `task "${name}" failed: ${said}`, { step: name }, thrown.hint);
  const frames = /^ +at [\s\S]*/m.exec(cause.stack)?.[0];
  if (frames !== undefined) error.stack = `${error.stack}\n${frames}`;
  error.cause = cause;
  return error;
}

/** An error of ours, with the task it came up in. */
export function otherError(name: string, e: Error): RunError {
  if (!(e instanceof RunError)) return failure('FLOW7013', `task "${name}" failed: ${e.message}`, { step: name });
  return failure(e.code, e.message, { step: name, ...e.where }, e.hint);
}

const DEATH_HINTS = {
  heap: 'Give the workers more heap (EngineOptions.heap, MiB), or the task less to hold at a time.',
  exit: 'Does the function call process.exit?',
  crash: undefined,
  start: 'Fewer workers or more memory may help.',
} as const;

export function diedError(name: string, tries: number, died: WorkerDied): RunError {
  const times = tries === 1 ? '' : ` ${tries} times`;
  return failure(
    'FLOW7010',
    `a worker died${times} running "${name}": ${died.message}`,
    { step: name },
    DEATH_HINTS[died.how],
  );
}

export function timedOut(name: string, ms: number): RunError {
  return failure('FLOW7014', `task "${name}" took longer than ${ms} ms`, { step: name });
}

export function cancelled(name: string): RunError {
  return failure('FLOW7012', `task "${name}" was cancelled`, { step: name });
}

export function closed(): RunError {
  return failure('FLOW7012', 'the engine is closed');
}

/** A value that nobody can make again. */
export function lostError(v: Value, why: string): RunError {
  return failure(
    'FLOW7015',
    `"${v.name}" is lost and cannot be made again: ${why}`,
    {},
    'Results of tasks are made again by their task; values that were put, results of actors, and results of which nothing is known any more are not.',
  );
}
