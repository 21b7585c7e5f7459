import type {
  AggregateNode,
  ExplodeNode,
  JoinNode,
  LogicalNode,
  LogicalPlan,
  SortNode,
  UnpivotNode,
} from '../../compiler/logical.ts';
import { RunError } from '../../engine/errors.ts';
import type { Expr, LiteralValue } from '../../engine/expr.ts';
import { keepsLeft, keepsRight } from '../../engine/operators/params.ts';
import type { DataType, Schema } from '../../engine/types.ts';
import { aggregateOf } from './aggregates.ts';
import { FAILS, interpret, passes, type Row } from './expr.ts';
import { compareKeys, keyText, order } from './values.ts';
import { windowRows } from './window.ts';

/** Rows of the sources of a plan, by their path as the flow has it, in canonical form (values.ts). */
export type Tables = ReadonlyMap<string, readonly Row[]>;

/**
 * What a logical plan means: one thread, all rows at once, a row at a time, nothing fused and no rule applied. The rows of each output, in the order of the
 * language where it has one; where it has none (behind a shuffle), in order of first appearance. Throws RunError for an error of the data.
 */
export function referenceRows(plan: LogicalPlan, tables: Tables): readonly (readonly Row[])[] {
  const known = new Map<LogicalNode, readonly Row[]>();
  const rowsOf = (n: LogicalNode): readonly Row[] => {
    let rows = known.get(n);
    if (rows === undefined) {
      rows = evaluate(
        n,
        n.inputs.map((input) => rowsOf(input)),
        tables,
      ).map((row) => project(n.schema, row));
      known.set(n, rows);
    }
    return rows;
  };
  return plan.outputs.map((o) => rowsOf(o.input));
}

/** Exactly the columns of a schema; those that the row has not are null. */
function project(schema: Schema, row: Row): Row {
  return Object.fromEntries(schema.map((f) => [f.name, own(row, f.name)]));
}

/** Of the row itself: a column may be called as what all objects have. */
function own(row: Row, name: string): LiteralValue {
  return Object.hasOwn(row, name) ? (row[name] ?? null) : null;
}

function value(e: Expr, row: Row): LiteralValue {
  return sure(interpret(e, row));
}

function sure<V>(v: V | typeof FAILS): V {
  if (v === FAILS) throw new RunError('FLOW7005', 'an expression that fails');
  return v;
}

function evaluate(n: LogicalNode, inputs: readonly (readonly Row[])[], tables: Tables): readonly Row[] {
  const [rows = [], right = []] = inputs;
  switch (n.op) {
    case 'scan': {
      const table = tables.get(n.source.display);
      if (table === undefined) throw new Error(`the reference has no table ${n.source.display}`);
      return table;
    }
    case 'filter':
      return rows.filter((row) => sure(passes(n.predicate, row)));
    case 'project':
      return rows.map((row) => Object.fromEntries(n.outputs.map((o) => [o.name, value(o.expr, row)])));
    case 'aggregate':
      return aggregate(n, rows);
    case 'sort':
      return sort(n, rows);
    case 'limit':
      return rows.slice(n.skip, n.take === null ? undefined : n.skip + n.take);
    case 'distinct': {
      const names = n.keys ?? n.schema.map((f) => f.name);
      return firstOfEach(rows, (row) => keysText(n.schema, names, row));
    }
    case 'union':
      return inputs.flat();
    case 'join':
      return join(n, rows, right);
    case 'explode':
      return rows.flatMap((row) => explode(n, row));
    case 'unpivot':
      return rows.flatMap((row) => unpivot(n, row));
    case 'place':
      return rows.map((row, i) => ({ ...row, [n.name]: BigInt(i) }));
    case 'number':
      return rows.map((row, i) => ({ ...row, [n.as]: BigInt(i) }));
    case 'expect':
      return rows;
    case 'single':
      if (rows.length > 1) throw new RunError('FLOW7009', 'more than one row');
      return rows.length === 1 ? rows : [{}];
    case 'repeat':
      return rows.flatMap((row) => Array.from({ length: Number(row[n.count] ?? 0) }, () => row));
    case 'window':
      return windowRows(n, rows);
    default:
      throw new Error(`the reference has no ${n.op}`);
  }
}

function keysText(schema: Schema, names: readonly string[], row: Row): string {
  return names.map((name) => keyText(typeOf(schema, name), row[name] ?? null)).join('|');
}

function typeOf(schema: Schema, name: string): DataType {
  const field = schema.find((f) => f.name === name);
  if (field === undefined) throw new Error(`no column ${name}`);
  return field.type;
}

function firstOfEach(rows: readonly Row[], key: (row: Row) => string): readonly Row[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const k = key(row);
    const fresh = !seen.has(k);
    seen.add(k);
    return fresh;
  });
}

function aggregate(n: AggregateNode, rows: readonly Row[]): readonly Row[] {
  const groups = new Map<string, { readonly keys: Row; readonly rows: Row[] }>();
  if (n.keys.length === 0) groups.set('', { keys: {}, rows: [] });
  for (const row of rows) {
    const keys = Object.fromEntries(n.keys.map((k) => [k.name, value(k.expr, row)]));
    const text = n.keys.map((k) => keyText(k.expr.type, keys[k.name] as LiteralValue)).join('|');
    const group = groups.get(text) ?? { keys, rows: [] };
    group.rows.push(row);
    groups.set(text, group);
  }
  return [...groups.values()].map((g) => ({
    ...g.keys,
    ...Object.fromEntries(n.aggregates.map((a) => [a.name, aggregateOf(a, g.rows)])),
  }));
}

function sort(n: SortNode, rows: readonly Row[]): readonly Row[] {
  const keyed = rows.map((row) => ({ row, keys: n.keys.map((k) => value(k.expr, row)) }));
  // Array.sort is stable.
  keyed.sort((a, b) => compareKeys(n.keys, a.keys, b.keys));
  const sorted = keyed.map((k) => k.row);
  return n.limit === null ? sorted : sorted.slice(0, n.limit);
}

function join(n: JoinNode, left: readonly Row[], right: readonly Row[]): readonly Row[] {
  const rightKeys = right.map((r) => n.rightKeys.map((e) => value(e, r)));
  const out: Row[] = [];
  const met = new Set<Row>();
  for (const l of left) {
    const keys = n.leftKeys.map((e) => value(e, l));
    const matches = right.filter((r, i) => {
      const same = keys.every((k, j) => {
        const other = (rightKeys[i] as readonly LiteralValue[])[j] as LiteralValue;
        return k !== null && other !== null && order((n.leftKeys[j] as Expr).type, k, other) === 0;
      });
      return same && (n.residual === null || value(n.residual, { ...l, ...renamed(n.right, r) }) === true);
    });
    for (const m of matches) met.add(m);
    if (n.matching !== 'many' && (matches.length > 1 || (n.matching === 'one' && matches.length === 0)))
      throw new RunError('FLOW7009', 'a row with another number of matches');
    if (n.kind === 'semi' || n.kind === 'anti') {
      if (matches.length > 0 === (n.kind === 'semi')) out.push(l);
      continue;
    }
    const taken = n.nearest === null ? matches : nearestOf(n.nearest, l, matches);
    for (const r of taken) out.push({ ...l, ...renamed(n.add, r) });
    if (taken.length === 0 && keepsLeft(n.kind)) out.push({ ...l, ...renamed(n.add, {}) });
  }
  if (keepsRight(n.kind)) for (const r of right) if (!met.has(r)) out.push(renamed(n.add, r));
  return out;
}

/** Of the right rows that may match, the one whose value is nearest: looking back the last of several that are equal, looking ahead the first. */
function nearestOf(nearest: NonNullable<JoinNode['nearest']>, left: Row, matches: readonly Row[]): readonly Row[] {
  const { op } = nearest;
  const at = value(nearest.left, left);
  let best: { readonly row: Row; readonly value: LiteralValue } | null = null;
  for (const row of matches) {
    const other = value(nearest.right, row);
    if (at === null || other === null) continue;
    const back = op === 'ge' || op === 'gt';
    const distance = (back ? 1 : -1) * order(nearest.left.type, at, other);
    if (distance < 0 || (distance === 0 && (op === 'gt' || op === 'lt'))) continue;
    const nearer = best === null ? 1 : (back ? 1 : -1) * order(nearest.left.type, other, best.value);
    if (nearer > 0 || (nearer === 0 && back)) best = { row, value: other };
  }
  return best === null ? [] : [best.row];
}

function renamed(columns: JoinNode['add'], row: Row): Row {
  return Object.fromEntries(columns.map(({ name, column }) => [name, own(row, column)]));
}

function explode(n: ExplodeNode, row: Row): readonly Row[] {
  const lists = n.lists.map((name) => (row[name] ?? []) as readonly LiteralValue[]);
  const items = Math.max(0, ...lists.map((l) => l.length));
  const length = items === 0 && n.outer ? 1 : items;
  return Array.from({ length }, (_, i) => ({
    ...row,
    ...Object.fromEntries(n.lists.map((name, j) => [name, lists[j]?.[i] ?? null])),
  }));
}

function unpivot(n: UnpivotNode, row: Row): readonly Row[] {
  return n.columns.map(({ column, label }) => ({ ...row, [n.name]: label, [n.value]: row[column] ?? null }));
}
