import type { FormatDef, SourceEstimate } from '../engine/formats/def.ts';
import { resolvePaths, STDIN } from '../engine/formats/files.ts';
import { readModel } from '../engine/formats/model.ts';
import { FORMATS } from '../engine/formats/registry.ts';
import { spoolStdin } from '../engine/formats/stdin.ts';
import type { Model } from '../engine/ml/model.ts';
import type { SourceSpec } from '../engine/plan.ts';
import { type DuckModule, loadDuck } from '../engine/sql/duckdb.ts';
import type { Schema } from '../engine/types.ts';

/**
 * What the compiler may ask about the world outside of the file: which formats there are, and what is in the sources. A test
 * replaces it by plain data. Everything that fails for a reason of the user's (a missing file, a damaged one) is a RunError.
 */
export interface SourceCatalog {
  readonly formats: Readonly<Record<string, FormatDef>>;
  /** The files that a path, a glob or a list of them names, in the order they are read. */
  paths(pattern: string | readonly string[], cwd: string): Promise<readonly string[]>;
  /** The schema of a source without a declared one. */
  infer(format: string, spec: Omit<SourceSpec, 'schema' | 'declared'>): Promise<Schema>;
  /** What a stored model learned from and what it predicts. */
  model(path: string): Promise<StoredModel>;
  /** The engine of embedded SQL; null where it is not installed. */
  sqlEngine(): Promise<DuckModule | null>;
  /** Rows and bytes, as far as they are known without reading. */
  estimate(format: string, spec: SourceSpec): Promise<SourceEstimate>;
}

export type StoredModel = Pick<Model, 'task' | 'label'> & {
  readonly features: readonly Pick<Model['features'][number], 'name' | 'type'>[];
};

/** The catalog over the registered formats and the file system. Each source is looked at once, however often it is named. */
export function fileCatalog(): SourceCatalog {
  const schemas = new Map<string, Promise<Schema>>();
  const estimates = new Map<string, Promise<SourceEstimate>>();
  return {
    formats,
    paths: async (pattern, cwd) => {
      const paths = await resolvePaths(pattern, cwd);
      if (paths.includes(STDIN)) await spoolStdin();
      return paths;
    },
    infer: (format, spec) => remember(schemas, keyOf(format, spec), () => readerOf(format).infer(spec)),
    sqlEngine: loadDuck,
    model: async (path) => (await readModel(path)).model,
    estimate: (format, spec) => remember(estimates, keyOf(format, spec), () => readerOf(format).estimate(spec)),
  };
}

const formats: Readonly<Record<string, FormatDef>> = FORMATS;

function readerOf(format: string) {
  const reader = formats[format]?.reader;
  if (reader === null || reader === undefined) throw new Error(`format ${format} has no reader`);
  return reader;
}

function keyOf(format: string, spec: Omit<SourceSpec, 'schema' | 'declared'>): string {
  return JSON.stringify([format, spec.paths, spec.options]);
}

function remember<T>(cache: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  return made;
}
