import * as assert from 'uvu/assert';
import { bind } from '../../compiler/bind/index.ts';
import { valuesOf } from '../../engine/batch/access.ts';
import { columnFromValues } from '../../engine/batch/build.ts';
import type { Batch } from '../../engine/batch/column.ts';
import { sliceBatch } from '../../engine/batch/slice.ts';
import { RunError } from '../../engine/errors.ts';
import { compileProjection } from '../../engine/expr/compile.ts';
import type { IntervalValue, LiteralValue, NamedExpr } from '../../engine/expr.ts';
import { formatDecimal } from '../../engine/functions/format.ts';
import type { Int } from '../../engine/functions/ints.ts';
import { heapScratch } from '../../engine/memory/heap_scratch.ts';
import type { DataType, Schema } from '../../engine/types.ts';
import { parseFile } from '../../grammar/parse.ts';
import { catalog } from '../bind/harness.ts';
import type { Table } from './cross.ts';

/** Text of a value, null, or that computing it fails. */
export type Outcome = string | null | { readonly error: string };

/** The value as text; `sqlOf` makes the same of it on the other side, `valueOf` and this function where it is nested. */
export function render(t: DataType, v: LiteralValue): string | null {
  if (v === null) return null;
  switch (t.kind) {
    case 'decimal':
      return formatDecimal(v as Int, t.scale);
    case 'float':
      return Object.is(v, -0) ? '-0' : String(v);
    case 'bytes':
      return Buffer.from(v as Uint8Array)
        .toString('hex')
        .toUpperCase();
    case 'interval': {
      const i = v as IntervalValue;
      return `${i.months} ${i.days} ${i.micros}`;
    }
    case 'list':
      return `[${(v as readonly LiteralValue[]).map((x) => inside(t.item.type, x)).join(',')}]`;
    case 'map':
      return `{${(v as readonly { key: LiteralValue; value: LiteralValue }[])
        .map((e) => `${inside(t.key, e.key)}:${inside(t.value.type, e.value)}`)
        .join(',')}}`;
    case 'struct': {
      const of = v as Readonly<Record<string, LiteralValue>>;
      return `{${t.fields.map((f) => `${f.name}:${inside(f.type, of[f.name] ?? null)}`).join(',')}}`;
    }
    default:
      return String(v);
  }
}

/** A value inside another: texts in quotes, so that nothing passes for a comma or for null. */
function inside(t: DataType, v: LiteralValue): string {
  return v !== null && t.kind === 'string' ? JSON.stringify(v) : String(render(t, v));
}

/** The expression in the types of the table, as the compiler binds it. */
export async function bindOver(schema: Schema, text: string): Promise<NamedExpr> {
  const { ast } = parseFile(`from csv("edge.csv") | select result = ${text}`, 'oracle.flow');
  const sourceSchemas = { ...catalog, infer: async () => schema };
  const { plan, diagnostics } = await bind(ast, { params: {}, cwd: process.cwd(), sourceSchemas });
  const problems = diagnostics.filter((d) => d.severity === 'error').map((d) => d.message);
  assert.equal(problems, [], text);
  const node = plan?.outputs[0]?.input;
  const found = node?.op === 'project' ? node.outputs[0] : undefined;
  assert.ok(found !== undefined, text);
  return found as NamedExpr;
}

export function batchOf(table: Table): Batch {
  const columns = table.schema.map((f, k) =>
    columnFromValues(
      f.type,
      table.rows.map((row) => row[k] as LiteralValue),
    ),
  );
  return { schema: table.schema, rows: table.rows.length, columns };
}

/** The outcome of each row: of all at once where none fails, else of one after another. */
export function evaluateOver(table: Table, e: NamedExpr): Outcome[] {
  const batch = batchOf(table);
  const project = compileProjection(null, [e], table.schema);
  const over = (b: Batch): Outcome[] => {
    const [column] = project(b, heapScratch()).columns;
    assert.ok(column !== undefined);
    return valuesOf(column as NonNullable<typeof column>).map((v) => render(e.expr.type, v));
  };
  try {
    return over(batch);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
  }
  return table.rows.map((_, row): Outcome => {
    try {
      return over(sliceBatch(batch, row, row + 1))[0] as Outcome;
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      return { error: error.message };
    }
  });
}
