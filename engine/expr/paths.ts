import { type Validity, validityOf } from '../batch/bitmap.ts';
import type { Batch, Column } from '../batch/column.ts';
import { type CallExpr, type Expr, rewriteExpr } from '../expr.ts';
import type { Scratch } from '../memory/types.ts';
import { type Field, type Schema, typeEquals } from '../types.ts';

/**
 * Fields of struct columns read as columns of their own: `item.qty` costs what a plain column costs. Expressions are rewritten to name them, and each
 * batch is widened by them (views of the struct's children).
 */
export interface Paths {
  readonly exprs: readonly Expr[];
  /** The input schema and the fields that the expressions read. */
  readonly schema: Schema;
  widen(batch: Batch, scratch: Scratch): Batch;
}

interface Path {
  readonly index: number;
  readonly steps: readonly number[];
}

export function readPaths(exprs: readonly Expr[], input: Schema): Paths {
  const paths = new Map<string, Path & { readonly field: Field }>();
  const rewritten = exprs.map((e) =>
    rewriteExpr(e, (x) => (x.kind === 'call' && x.fn === 'get' ? readField(x, input, paths) : x)),
  );
  const used = [...paths.values()];
  if (used.length === 0) return { exprs, schema: input, widen: (batch) => batch };
  const schema = [...input, ...used.map((p) => p.field)];
  return {
    exprs: rewritten,
    schema,
    widen: (batch, scratch) => ({
      ...batch,
      schema,
      columns: [...batch.columns, ...used.map((p) => follow(batch, p, scratch))],
    }),
  };
}

/** `get` of a struct column, or of such a field, becomes a column; anything else stays. */
function readField(e: CallExpr, input: Schema, paths: Map<string, Path & { readonly field: Field }>): Expr {
  const [of, name] = e.args;
  if (of?.kind !== 'column' || of.type.kind !== 'struct' || name?.kind !== 'literal') return e;
  const at = of.type.fields.findIndex((f) => f.name === name.value);
  const found = of.type.fields[at];
  const index = input.findIndex((f) => f.name === of.name);
  const parent: Path | undefined = paths.get(of.name) ?? (index < 0 ? undefined : { index, steps: [] });
  if (found === undefined || parent === undefined || !typeEquals(found.type, e.type)) return e;
  const steps = [...parent.steps, at];
  // A name no column of the user's can have: the NUL keeps it apart.
  const key = `\0${parent.index}.${steps.join('.')}`;
  paths.set(key, { index: parent.index, steps, field: { name: key, type: found.type, nullable: true } });
  return { kind: 'column', name: key, type: e.type, nullable: e.nullable, span: e.span };
}

function follow(batch: Batch, path: Path, scratch: Scratch): Column {
  let col = batch.columns[path.index] as Column;
  for (const step of path.steps) {
    if (col.phys !== 'struct') break;
    const child = col.children[step] as Column;
    col = child.phys === 'null' ? child : { ...child, ...both(col, child, scratch) };
  }
  return col;
}

/** Null where the struct is, or its field. */
function both(parent: Column, child: Column, scratch: Scratch): Validity {
  if (parent.validity === null) return child;
  if (child.validity === null) return { validity: parent.validity, nullCount: parent.nullCount };
  const rows = parent.length;
  const bits = scratch.bitmap(rows, false);
  for (let k = 0; k < bits.length; k++) bits[k] = (parent.validity[k] as number) & (child.validity[k] as number);
  return validityOf(bits, rows);
}
