import { EngineBug } from '../errors.ts';
import { arrow } from './arrow.ts';
import { csv, tsv } from './csv.ts';
import type { FormatDef } from './def.ts';
import { model } from './model.ts';
import { json, ndjson } from './ndjson.ts';
import { parquet } from './parquet.ts';

/** All formats by name: the names of source and sink functions in a file. */
export const FORMATS = {
  csv,
  tsv,
  ndjson,
  json,
  model,
  parquet,
  arrow,
} as const satisfies Record<string, FormatDef>;

export type FormatName = keyof typeof FORMATS;

export function format(name: string): FormatDef {
  if (!Object.hasOwn(FORMATS, name)) throw new EngineBug(`no format ${name}`);
  return FORMATS[name as FormatName];
}

/** The format that a path's ending names, with or without `.gz` behind it; null when it names none. */
export function formatByExtension(path: string): FormatDef | null {
  const extension = /\.([a-z0-9]+)(?:\.gz)?$/i.exec(path)?.[1]?.toLowerCase();
  if (extension === undefined) return null;
  return Object.values<FormatDef>(FORMATS).find((f) => f.extensions.includes(extension)) ?? null;
}
