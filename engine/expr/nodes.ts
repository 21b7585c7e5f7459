import { RunError } from '../errors.ts';
import { type Expr, exprChildren, type LiteralValue } from '../expr.ts';
import { formatType } from '../types.ts';

/** Levels an expression may nest: generated code and every walk of a tree recurse once a level. */
export const MAX_DEPTH = 1000;

/** Nodes of an expression, counted without recursion; fails when it nests too deeply. */
export function measure(e: Expr): number {
  let nodes = 0;
  let level: readonly Expr[] = [e];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) {
      throw new RunError(
        'FLOW7007',
        `an expression nests more than ${MAX_DEPTH} levels deep`,
        { span: e.span },
        'name parts of it with derive',
      );
    }
    nodes += level.length;
    level = level.flatMap(exprChildren);
  }
  return nodes;
}

const ids = new WeakMap<Expr, number>();
const byKey = new Map<string, number>();
let next = 0;

/** Characters of interned keys: beyond these all are forgotten, which only costs sharing. */
const KEPT = 1 << 20;
let kept = 0;

/** Equal expressions (up to where they stand in the file) have equal numbers, so that each is computed once. */
export function idOf(e: Expr): number {
  let id = ids.get(e);
  if (id === undefined) {
    const key = keyOf(e);
    id = byKey.get(key);
    if (id === undefined) {
      if (kept + key.length > KEPT) forget();
      id = next++;
      byKey.set(key, id);
      kept += key.length;
    }
    ids.set(e, id);
  }
  return id;
}

function forget(): void {
  byKey.clear();
  kept = 0;
}

/** Characters of the keys that are interned now, at most about a million. */
export function internedCharacters(): number {
  return kept;
}

function keyOf(e: Expr): string {
  const kids = exprChildren(e).map(idOf).join(',');
  const head = `${e.kind}|${formatType(e.type, e.nullable)}|${kids}|`;
  switch (e.kind) {
    case 'column':
      return head + e.name;
    case 'literal':
      return head + valueKey(e.value);
    case 'call':
      return head + e.fn;
    case 'host':
      return `${head}${e.fn.id} ${e.fn.url} ${e.fn.export}`;
    case 'cast':
      return head + String(e.safe);
    case 'in':
      return `${head}${e.negated}${e.hasNull}${e.values.map(valueKey).join(',')}`;
    case 'case':
      return head;
    case 'local':
      return head + e.level;
    case 'lambda':
      return head + e.params.map(idOf).join(',');
  }
}

/** Text that differs where values differ. */
export function valueKey(v: LiteralValue): string {
  if (v === null) return 'null';
  switch (typeof v) {
    case 'number':
      return Object.is(v, -0) ? '-0' : String(v);
    case 'bigint':
      return `${v}n`;
    case 'boolean':
      return String(v);
    case 'string':
      return JSON.stringify(v);
    default:
      if (v instanceof Uint8Array) return `x${Buffer.from(v).toString('hex')}`;
      if (Array.isArray(v)) return `[${v.map(valueKey).join(',')}]`;
      return `{${Object.entries(v)
        .map(([k, x]) => `${JSON.stringify(k)}:${valueKey(x as LiteralValue)}`)
        .join(',')}}`;
  }
}

/** Distinct columns an expression reads, stopping after two. */
export function fewColumns(e: Expr, into: Set<string> = new Set()): Set<string> {
  if (into.size > 1) return into;
  if (e.kind === 'column') into.add(e.name);
  for (const k of exprChildren(e)) fewColumns(k, into);
  return into;
}
