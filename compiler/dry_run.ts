/** What a run would do, from its plan alone. */
import { existsSync, statSync } from 'node:fs';
import type { FormatDef } from '../engine/formats/def.ts';
import { STDIN } from '../engine/formats/files.ts';
import { FORMATS } from '../engine/formats/registry.ts';
import type { SourceSpec } from '../engine/plan.ts';
import type { Schema } from '../engine/types.ts';
import type { Compiled } from './compile.ts';
import { exprText } from './explain/expr_text.ts';
import type { ScanNode } from './logical.ts';
import { topological } from './plan_tree.ts';

export interface DryRun {
  readonly reads: readonly DryRead[];
  readonly writes: readonly DryWrite[];
  /** The columns of each pipeline that prints. */
  readonly prints: readonly Schema[];
  readonly stages: number;
}

export interface DryRead {
  readonly format: string;
  /** As it stands in the flow. */
  readonly path: string;
  readonly files: number;
  /** Of the files; null for standard input. */
  readonly bytes: number | null;
  /** Where the format says so without reading. */
  readonly rows: number | null;
  /** Columns that are read. */
  readonly columns: Schema;
  /** Columns that the source has. */
  readonly width: number;
  /** A condition with which the reader may leave out parts of the file, as text. */
  readonly filter: string | null;
  /** Rows after which reading may stop. */
  readonly limit: number | null;
}

export interface DryWrite {
  readonly format: string;
  readonly path: string;
  readonly columns: Schema;
  /** Something is there already, and goes when the run succeeds. */
  readonly replaces: boolean;
}

export async function dryRun({ optimized, physical }: Compiled): Promise<DryRun> {
  const scans = topological(optimized).filter((node) => node.op === 'scan');
  const sinks = optimized.outputs.filter((output) => output.kind === 'sink');
  return {
    reads: await Promise.all(scans.map(readOf)),
    writes: sinks.map(({ format, path, input }) => ({
      format,
      path,
      columns: input.schema,
      replaces: path !== STDIN && existsSync(path),
    })),
    prints: optimized.outputs.filter((output) => output.kind === 'result').map(({ input }) => input.schema),
    stages: physical.stages.length,
  };
}

async function readOf({ format, source, schema, filter, limit }: ScanNode): Promise<DryRead> {
  const reader = (FORMATS as Readonly<Record<string, FormatDef>>)[format]?.reader;
  const estimate = await reader?.estimate(source);
  return {
    format,
    path: source.display,
    files: source.paths.length,
    bytes: bytesOf(source),
    rows: estimate?.rows ?? null,
    columns: schema,
    width: source.schema.length,
    filter: filter === null ? null : exprText(filter),
    limit,
  };
}

function bytesOf({ paths, display }: SourceSpec): number | null {
  if (display === STDIN) return null;
  return paths.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
}
