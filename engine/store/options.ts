import { tmpdir } from 'node:os';
import { RunError } from '../errors.ts';
import { checkTarget } from './targets/open.ts';

/** How a store is made. Every value is checked before anything starts: RunError FLOW7016 names the option, its value and what is allowed. */
export interface StoreOptions {
  /** Bytes, at least 64 KiB; the hard limit over objects and working memory. */
  readonly limit: number;
  /** Threads that may be attached at a time, the creator (number 0) included. */
  readonly threads: number;
  /**
   * Where spill files go, used in turn: folders (made when needed), `s3://bucket/prefix?region=…&endpoint=…`. Default: the system's folder for
   * temporary files. One that cannot be used: FLOW7008, before anything starts.
   */
  readonly spillDirs?: readonly string[];
  /** Whether objects may be spilled. Default true; false: what does not fit is FLOW7007. */
  readonly spill?: boolean;
  /**
   * Share of the limit, 0 to 1, default 0.8. Once memory in use that has no copy on disk passes it, sealing an object writes the oldest ones to
   * disk ahead of need. 1: only in need.
   */
  readonly threshold?: number;
  /** Bytes, from 1; default: an eighth of the limit, 64 MiB at most. What is spilled at once: ahead of need not less; in need more only if more is needed. */
  readonly minSpillBytes?: number;
  /** Bytes, from 1; default 100 MiB. A spill file of this size takes no more objects. */
  readonly fileBytes?: number;
  /** Bytes, from 0; default: no cap. Most that all spill files together may take; what is beyond is FLOW7008. */
  readonly diskCap?: number;
  /** 0 to 100, default 3. How often a failed read or write of a spill file is tried again, with growing pauses, before it is FLOW7008. */
  readonly ioRetries?: number;
  /** Milliseconds, from 1; default 60 000. A thread in need of memory that sees no sign of life from any other for so long ends with FLOW7007. */
  readonly stallMs?: number;
}

/** All of them, as threads get them. */
export interface StoreSettings {
  readonly limit: number;
  readonly threads: number;
  readonly spillDirs: readonly string[];
  readonly spill: boolean;
  readonly threshold: number;
  readonly minSpillBytes: number;
  readonly fileBytes: number;
  readonly diskCap: number;
  readonly ioRetries: number;
  readonly stallMs: number;
}

export const STORE_DEFAULTS = {
  spill: true,
  /** Share of the limit. */
  threshold: 0.8,
  /** Share of the limit, and bytes: the smaller of both. */
  minSpillShare: 1 / 8,
  minSpillBytes: 64 << 20,
  fileBytes: 100 << 20,
  diskCap: Number.POSITIVE_INFINITY,
  ioRetries: 3,
  stallMs: 60_000,
} as const;

const MIN_LIMIT = 64 << 10;
/** Slots are 16 bits wide in block records, and the table has pins by thread. */
const MAX_THREADS = 1024;

interface Rule {
  readonly option: keyof StoreOptions;
  readonly allowed: string;
  readonly ok: (value: unknown) => boolean;
}

function number(option: keyof StoreOptions, min: number, max: number, unit: string): Rule {
  const to = max === Number.POSITIVE_INFINITY ? `from ${min} on` : `from ${min} to ${max}`;
  return {
    option,
    allowed: `a number ${to}${unit === '' ? '' : `, ${unit}`}`,
    ok: (v) => typeof v === 'number' && v >= min && v <= max,
  };
}

function whole(option: keyof StoreOptions, min: number, max: number, unit: string): Rule {
  const rule = number(option, min, max, unit);
  return {
    option,
    allowed: rule.allowed.replace('a number', 'a whole number'),
    ok: (v) => rule.ok(v) && Number.isInteger(v),
  };
}

const ANY = Number.POSITIVE_INFINITY;
const RULES: readonly Rule[] = [
  number('limit', MIN_LIMIT, Number.MAX_SAFE_INTEGER, 'bytes'),
  whole('threads', 1, MAX_THREADS, ''),
  {
    option: 'spillDirs',
    allowed: 'a list of folders or s3:// addresses',
    ok: (v) => Array.isArray(v) && v.every((d) => typeof d === 'string' && d !== ''),
  },
  { option: 'spill', allowed: 'true or false', ok: (v) => typeof v === 'boolean' },
  number('threshold', 0, 1, 'a share of the limit'),
  number('minSpillBytes', 1, ANY, 'bytes'),
  number('fileBytes', 1, ANY, 'bytes'),
  number('diskCap', 0, ANY, 'bytes'),
  whole('ioRetries', 0, 100, ''),
  number('stallMs', 1, ANY, 'milliseconds'),
];

/** Throws RunError FLOW7016 for the first option that is wrong or unknown. */
export function validateStoreOptions(options: StoreOptions): void {
  for (const name of Object.keys(options)) {
    if (!RULES.some((r) => r.option === name))
      throw new RunError('FLOW7016', `there is no option ${name}; there are ${RULES.map((r) => r.option).join(', ')}`);
  }
  for (const { option, allowed, ok } of RULES) {
    const value = options[option];
    const required = option === 'limit' || option === 'threads';
    if ((value === undefined && !required) || ok(value)) continue;
    throw new RunError('FLOW7016', `${option} is ${shown(value)}; allowed is ${allowed}`, { value: shown(value) });
  }
  for (const dir of options.spillDirs ?? []) checkTarget(dir);
}

function shown(value: unknown): string {
  const text = typeof value === 'string' || Array.isArray(value) ? JSON.stringify(value) : String(value);
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

/** The options with defaults in place of what is not given. Throws as validateStoreOptions. */
export function storeSettings(options: StoreOptions): StoreSettings {
  validateStoreOptions(options);
  const { limit, threads, spillDirs = [] } = options;
  const d = STORE_DEFAULTS;
  return {
    limit,
    threads,
    spillDirs: spillDirs.length > 0 ? [...spillDirs] : [tmpdir()],
    spill: options.spill ?? d.spill,
    threshold: options.threshold ?? d.threshold,
    minSpillBytes: options.minSpillBytes ?? Math.min(limit * d.minSpillShare, d.minSpillBytes),
    fileBytes: options.fileBytes ?? d.fileBytes,
    diskCap: options.diskCap ?? d.diskCap,
    ioRetries: options.ioRetries ?? d.ioRetries,
    stallMs: options.stallMs ?? d.stallMs,
  };
}
