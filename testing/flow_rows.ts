import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FlowRunOptions, type Row, runText } from '../compiler/run.ts';
import { Engine } from '../engine/runtime/engine.ts';
import type { DataType, Schema } from '../engine/types.ts';
import { difference } from './expect.ts';
import { shown } from './laws.ts';

/** Rows of the first pipeline of a flow that has no sink. */
export interface FlowRows {
  readonly schema: Schema;
  readonly rows: readonly Row[];
}

/** How a flow is run: in a folder, with so many workers and so much memory. */
export type FlowSetting = Required<Pick<FlowRunOptions, 'cwd' | 'workers' | 'memory'>>;

/** Runs the text of a flow; null where all its pipelines end in sinks. */
export type FlowRunner = (flow: string, setting: FlowSetting) => Promise<FlowRows | null>;

export type Order = 'any order' | 'in order';

/** Ample for the few rows of a case, and the least that is accepted. */
export const SETTINGS = [
  { workers: 1, memory: 64 << 20 },
  { workers: 2, memory: 16 << 20 },
] as const;

/** Digits that floats must agree in: sums may be added up in another order. */
const DIGITS = 12;

/** Folders for cases, and engines that are kept between them. */
export class Workshop {
  readonly #root = mkdtempSync(join(tmpdir(), 'flowc-laws-'));
  readonly #engines = new Map<string, Engine>();
  readonly #options: FlowRunOptions;
  #places = 0;

  constructor(options: FlowRunOptions) {
    this.#options = options;
  }

  readonly run: FlowRunner = async (flow, { cwd, workers, memory }) => {
    const key = `${workers} ${memory}`;
    const engine = this.#engines.get(key) ?? new Engine({ ...this.#options, workers, memory });
    this.#engines.set(key, engine);
    const { results } = await runText(flow, { ...this.#options, engine, cwd });
    return results[0] ?? null;
  };

  /** Hands out a folder, which goes when `use` is done. */
  async place(use: (cwd: string) => Promise<void>): Promise<void> {
    const cwd = join(this.#root, `p${this.#places++}`);
    mkdirSync(cwd);
    try {
      await use(cwd);
    } finally {
      rmSync(cwd, { recursive: true });
    }
  }

  async close(): Promise<void> {
    for (const engine of this.#engines.values()) await engine.close();
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** What differs between two lots of rows, as a table; null when nothing does. */
export function rowsDiffer(one: FlowRows, two: FlowRows, order: Order): string | null {
  const [a, b] = [one.schema, two.schema].map((s) => s.map((f) => f.name).join(', '));
  if (a !== b) return `the columns ${a}, and ${b}`;
  return difference(
    two.rows.map((row) => rounded(two.schema, row)),
    one.rows.map((row) => rounded(one.schema, row)),
    one.schema.map((f) => f.name),
    order === 'in order',
    (n, m) => `${m} and ${n} rows, ${order} (- only the first, + only the second)`,
  );
}

/** Those of the first rows that are among the second ones, at most as often. */
export function amongst(all: FlowRows, some: FlowRows): FlowRows {
  const counts = new Map<string, number>();
  const text = (row: Row): string => shown(some.schema.map((f) => rough(f.type, row[f.name])));
  for (const row of some.rows) counts.set(text(row), (counts.get(text(row)) ?? 0) + 1);
  const rows = all.rows.filter((row) => {
    const left = counts.get(text(row)) ?? 0;
    counts.set(text(row), left - 1);
    return left > 0;
  });
  return { schema: all.schema, rows };
}

function rounded(schema: Schema, row: Row): Row {
  return Object.fromEntries(schema.map((f) => [f.name, rough(f.type, row[f.name])]));
}

function rough(t: DataType, v: unknown): unknown {
  if (v === null || v === undefined) return null;
  if (t.kind === 'float') return Number.isFinite(v) ? Number((v as number).toPrecision(DIGITS)) : v;
  if (t.kind === 'list') return (v as readonly unknown[]).map((x) => rough(t.item.type, x));
  if (t.kind === 'struct') return Object.fromEntries(t.fields.map((f) => [f.name, rough(f.type, (v as Row)[f.name])]));
  return v;
}
