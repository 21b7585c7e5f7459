import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LiteralValue } from '../engine/expr.ts';
import type { DataType } from '../engine/types.ts';
import { declaration } from './pipelines.ts';
import type { TestTable } from './tables.ts';

/** Formats that a table can be written in without a writer of ours: what reads it is tested, not what wrote it. */
export type TableFormat = 'ndjson' | 'csv';

/** A null in CSV, where an empty text is a text. */
const NULL = '\\N';

/** Writes a table; nested values are JSON in CSV too. JSON has no words for nan and infinities, CSV has. Returns how a flow reads it, its types declared. */
export function writeTable(dir: string, name: string, table: TestTable, format: TableFormat): string {
  const file = `${name}.${format}`;
  const lines =
    format === 'ndjson'
      ? table.rows.map(
          (row) =>
            `{${table.schema.map((f) => `${JSON.stringify(f.name)}:${json(f.type, row[f.name] ?? null)}`).join(',')}}`,
        )
      : [
          table.schema
            .map((f) => (/[",\r\n]|^\s|\s$/.test(f.name) ? `"${f.name.replaceAll('"', '""')}"` : f.name))
            .join(','),
          ...table.rows.map((row) => table.schema.map((f) => cell(f.type, row[f.name] ?? null)).join(',')),
        ];
  writeFileSync(join(dir, file), lines.map((line) => `${line}\n`).join(''));
  const options = format === 'csv' ? `, nulls: [${JSON.stringify(NULL)}]` : '';
  return `${format}("${file}"${options}) as ${declaration(table.schema)}`;
}

function json(t: DataType, v: LiteralValue): string {
  if (v === null) return 'null';
  switch (t.kind) {
    case 'string':
    case 'date':
    case 'timestamp':
      return JSON.stringify(text(t, v));
    case 'list':
      return `[${(v as readonly LiteralValue[]).map((x) => json(t.item.type, x)).join(',')}]`;
    case 'struct': {
      const of = v as Readonly<Record<string, LiteralValue>>;
      return `{${t.fields.map((f) => `${JSON.stringify(f.name)}:${json(f.type, of[f.name] ?? null)}`).join(',')}}`;
    }
    case 'map':
      return `{${(v as readonly { readonly key: LiteralValue; readonly value: LiteralValue }[])
        .map((e) => `${JSON.stringify(text(t.key, e.key))}:${json(t.value.type, e.value)}`)
        .join(',')}}`;
    default:
      return text(t, v);
  }
}

function cell(t: DataType, v: LiteralValue): string {
  if (v === null) return NULL;
  const nested = ['list', 'struct', 'map'].includes(t.kind);
  const shown = nested ? json(t, v) : text(t, v);
  return nested || t.kind === 'string' || t.kind === 'json' ? `"${shown.replaceAll('"', '""')}"` : shown;
}

/** A value as both formats write it. */
function text(t: DataType, v: LiteralValue): string {
  switch (t.kind) {
    case 'date':
      return dateText(Number(v) * 86_400_000);
    case 'timestamp': {
      const micros = BigInt(v as number);
      const ms = (micros - (((micros % 1000n) + 1000n) % 1000n)) / 1000n;
      const rest = (micros - ms * 1000n).toString().padStart(3, '0');
      return new Date(Number(ms)).toISOString().replace('Z', `${rest}Z`);
    }
    case 'decimal': {
      const n = BigInt(v as number);
      const digits = (n < 0n ? -n : n).toString().padStart(t.scale + 1, '0');
      const cut = digits.length - t.scale;
      return `${n < 0n ? '-' : ''}${digits.slice(0, cut)}${t.scale > 0 ? `.${digits.slice(cut)}` : ''}`;
    }
    case 'float':
      return Object.is(v, -0) ? '-0' : String(v);
    default:
      return String(v);
  }
}

const dateText = (ms: number): string => {
  const date = new Date(ms);
  const year = String(date.getUTCFullYear()).padStart(4, '0');
  return `${year}${date.toISOString().slice(-20, -14)}`;
};
