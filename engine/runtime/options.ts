import type { AccessRules } from '../access.ts';
import { MORSEL_ROWS } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import type { ShuffleChoice } from '../shuffle/strategy.ts';
import type { StoreOptions } from '../store/options.ts';

/** How the store spills; docs/tuning.md has the table of what each does. */
export type SpillOptions = Pick<
  StoreOptions,
  'threshold' | 'minSpillBytes' | 'fileBytes' | 'diskCap' | 'ioRetries' | 'stallMs'
>;

export interface EngineOptions extends AccessRules {
  /** Worker threads; default: the processors this process may use. */
  readonly workers?: number;
  /** Hard limit in bytes over everything the engine holds; default: half of the machine's memory. */
  readonly memory?: number;
  /** Where spill files go, used in turn: folders, `s3://bucket/prefix`; default: the system's folder for temporary files. */
  readonly spillDirs?: readonly string[];
  /** How objects are spilled; false: not at all, and what does not fit into memory is FLOW7007. */
  readonly spill?: false | SpillOptions;
  /** MiB of JavaScript heap a worker may use; default: its share of half of the machine's memory, 256 to 4096. */
  readonly heap?: number;
  /** Keeps a trace of everything that runs, see `Engine.traceJson`. Default false. */
  readonly trace?: boolean;
  /** Lets V8 optimize the JavaScript of this process later than it does otherwise, which suits the engine: V8 has flags for the whole process only. Default true. */
  readonly optimizeLate?: boolean;
}

/** For tests. */
export interface InternalOptions extends EngineOptions {
  /** Rows of a batch at most, 1 to 65536 and by default: results do not depend on it, and small batches are slow. */
  readonly batchRows?: number;
}

const MAX_WORKERS = 1000;
const MIN_HEAP = 16;

/** Throws RunError FLOW7016 for an option of the engine's own that is wrong; those of the store are checked by the store. */
export function validateEngineOptions(options: InternalOptions): void {
  const { workers, memory, spill, heap, trace, optimizeLate, batchRows } = options;
  check('workers', workers, `a whole number from 1 to ${MAX_WORKERS}`, (v) => whole(v) && v >= 1 && v <= MAX_WORKERS);
  check('memory', memory, 'a whole number of bytes', whole);
  check('heap', heap, `a number of MiB from ${MIN_HEAP} on`, (v) => typeof v === 'number' && v >= MIN_HEAP);
  check('batchRows', batchRows, 'a whole number from 1 to 65536', (v) => whole(v) && v >= 1 && v <= MORSEL_ROWS);
  check('trace', trace, 'true or false', (v) => typeof v === 'boolean');
  check('optimizeLate', optimizeLate, 'true or false', (v) => typeof v === 'boolean');
  check('spill', spill, 'false or an object of options', (v) => v === false || (typeof v === 'object' && v !== null));
}

/** How rows get from one stage to the next by the hash of their keys. */
export interface ExchangeChoices {
  readonly shuffle: ShuffleChoice;
  /** Of hash exchanges; null: as their sizes ask for. */
  readonly partitions: number | null;
}

/** Those of the options of a run. RunError FLOW7016 for one that is wrong. */
export function exchangeChoices({ shuffle = 'auto', partitions }: Partial<ExchangeChoices>): ExchangeChoices {
  const known = partitions ?? undefined;
  check('partitions', known, 'a whole number from 1 to 256', (v) => whole(v) && v >= 1 && v <= 256);
  return { shuffle, partitions: partitions ?? null };
}

function whole(v: unknown): v is number {
  return Number.isSafeInteger(v);
}

function check(option: string, value: unknown, allowed: string, ok: (value: unknown) => boolean): void {
  if (value === undefined || ok(value)) return;
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  throw new RunError('FLOW7016', `${option} is ${shown}; allowed is ${allowed}`, { value: shown });
}

/** The options of the store an engine makes. */
export function storeOptions(options: EngineOptions, limit: number, threads: number): StoreOptions {
  return {
    ...(options.spill === false ? { spill: false } : options.spill),
    limit,
    threads,
    ...(options.spillDirs === undefined ? {} : { spillDirs: options.spillDirs }),
  };
}
