import type { Expr, NamedExpr, SortKey } from '../../engine/expr.ts';
import { field, type Schema, T } from '../../engine/types.ts';
import type * as Ast from '../../grammar/ast.ts';
import type { LogicalNode, PlaceNode, SortNode, WindowCall, WindowFrame, WindowNode } from '../logical.ts';
import type { Context, Rows } from './context.ts';
import { column, sameExpr, substitute, unknown } from './exprs.ts';
import { base, freeName } from './nodes.ts';
import type { WindowHook } from './scope.ts';
import { type BoundWindow, bindWindow } from './windows.ts';

/** While a step is bound, the results of windows stand in its expressions as columns of these names, which no file can write. */
const RESULT = '\u0000window ';

/** The windows of the expressions of a step. */
export interface Windows {
  readonly list: readonly BoundWindow[];
  readonly hook: WindowHook;
  /** The expression that stands for a window. */
  add(window: BoundWindow): Expr;
  /** Columns that a window computes with, where an expression holds one. */
  reads(expr: Expr): readonly Expr[];
}

export function collectWindows(): Windows {
  const list: BoundWindow[] = [];
  const add = (window: BoundWindow): Expr => {
    const same = list.findIndex((one) => sameWindow(one, window));
    const at = same >= 0 ? same : list.push(window) - 1;
    return column({ name: RESULT + at, type: window.call.type, nullable: window.call.nullable });
  };
  return {
    list,
    add,
    hook(env, node) {
      const bound = bindWindow(env, node);
      return bound === null ? unknown() : add(bound);
    },
    reads(expr) {
      const out: Expr[] = [];
      substitute(expr, (name) => {
        const window = windowOf(list, name);
        if (window !== undefined) out.push(...exprsOf(window));
        return undefined;
      });
      return out;
    },
  };
}

function windowOf(list: readonly BoundWindow[], name: string): BoundWindow | undefined {
  return name.startsWith(RESULT) ? list[Number(name.slice(RESULT.length))] : undefined;
}

function exprsOf({ keys, sort, call }: BoundWindow): Expr[] {
  return [...keys, ...sort.map((k) => k.expr), ...call.args, ...(call.fallback === null ? [] : [call.fallback])];
}

function sameList(a: readonly Expr[], b: readonly Expr[]): boolean {
  return a.length === b.length && a.every((e, i) => sameExpr(e, b[i] as Expr));
}

function sameSort(a: readonly SortKey[], b: readonly SortKey[]): boolean {
  return (
    sameList(
      a.map((k) => k.expr),
      b.map((k) => k.expr),
    ) && a.every((k, i) => k.desc === b[i]?.desc && k.nullsFirst === b[i]?.nullsFirst)
  );
}

/** They look at the same partitions in the same order. */
function samePlace(a: BoundWindow, b: BoundWindow): boolean {
  return sameList(a.keys, b.keys) && sameSort(a.sort, b.sort);
}

function sameWindow(a: BoundWindow, b: BoundWindow): boolean {
  const [x, y] = [a.call, b.call];
  return (
    samePlace(a, b) &&
    x.fn === y.fn &&
    x.distinct === y.distinct &&
    x.constant === y.constant &&
    x.ignoreNulls === y.ignoreNulls &&
    sameList(x.args, y.args) &&
    (x.fallback === null ? y.fallback === null : y.fallback !== null && sameExpr(x.fallback, y.fallback)) &&
    frameText(x.frame) === frameText(y.frame)
  );
}

function frameText(frame: WindowFrame): string {
  return JSON.stringify(frame, (key, v: unknown) => (key === 'span' ? undefined : typeof v === 'bigint' ? `${v}n` : v));
}

/** A step with windows: its rows with a column for each of them, in the order that the rows have; and its expressions over these. */
export interface Windowed {
  readonly rows: LogicalNode;
  resolve(expr: Expr): Expr;
}

/** Windows that look at the same rows in the same order, by number; first those that keep the order of the rows. */
function groupsOf(windows: readonly BoundWindow[]): number[][] {
  const groups: number[][] = [];
  for (const [i, window] of windows.entries()) {
    const found = groups.find(([first]) => samePlace(windows[first as number] as BoundWindow, window));
    if (found === undefined) groups.push([i]);
    else found.push(i);
  }
  const keeps = ([first]: readonly number[]): boolean => {
    const { keys, sort } = windows[first as number] as BoundWindow;
    return keys.length === 0 && sort.length === 0;
  };
  return [...groups.filter(keeps), ...groups.filter((g) => !keeps(g))];
}

/**
 * Puts the windows below a step. Windows over the same partitions in the same order share a node; rows that these reorder are numbered before and sorted by their number
 * behind. `items`: what the step makes, for names.
 */
export function applyWindows(
  ctx: Context,
  input: LogicalNode,
  windows: readonly BoundWindow[],
  items: readonly NamedExpr[],
  step: { span: Ast.Span },
  label: string,
): Windowed {
  const taken = new Set([...input.schema.map((f) => f.name), ...items.map((item) => item.name)]);
  const names = windows.map((_, i) => {
    const own = items.find(({ expr }) => expr.kind === 'column' && expr.name === RESULT + i)?.name;
    if (own !== undefined && !input.schema.some((f) => f.name === own)) return own;
    const name = freeName(`window_${i + 1}`, taken);
    taken.add(name);
    return name;
  });
  const calls = windows.map((w, i): WindowCall => ({ ...w.call, name: names[i] as string }));
  const reorders = windows.some((w) => w.keys.length > 0 || w.sort.length > 0);
  const row = freeName('place', taken);
  let rows: LogicalNode = reorders ? placed(ctx, input, row, step, label) : input;
  const position = column({ name: row, type: T.int, nullable: false });
  let ordered = true;
  for (const group of groupsOf(windows)) {
    const { keys, sort } = windows[group[0] as number] as BoundWindow;
    const own = group.map((k) => calls[k] as WindowCall);
    const window = { keys, sort, ties: ordered ? null : position, calls: own, skip: 0, take: null };
    rows = windowNode(ctx, rows, window, step, label);
    ordered &&= keys.length === 0 && sort.length === 0;
  }
  if (!ordered) rows = sortNode(ctx, rows, [ascending(position)], step);
  return {
    rows,
    resolve: (expr) =>
      substitute(expr, (name) => {
        const call = name.startsWith(RESULT) ? calls[Number(name.slice(RESULT.length))] : undefined;
        return call === undefined ? undefined : column(call);
      }),
  };
}

/** A window over rows in any order. Without keys they are sorted first: all of them are one partition, and its window keeps their order. */
export function windowNode(
  ctx: Context,
  input: LogicalNode,
  window: Pick<WindowNode, 'keys' | 'sort' | 'ties' | 'calls' | 'skip' | 'take'>,
  step: { span: Ast.Span },
  label: string,
): WindowNode {
  const ties = window.ties === null ? [] : [ascending(window.ties)];
  const order = [...window.sort, ...ties];
  const rows = window.keys.length === 0 && order.length > 0 ? sortNode(ctx, input, order, step) : input;
  const added = window.calls.map(({ name, type, nullable }) => ({ name, type, nullable }));
  return { ...base(ctx, [...input.schema, ...added], [rows], step, label), op: 'window', ...window };
}

function placed(ctx: Context, input: LogicalNode, name: string, step: { span: Ast.Span }, label: string): PlaceNode {
  const schema: Schema = [...input.schema, field(name, T.int, false)];
  return { ...base(ctx, schema, [input], step, label), op: 'place', name };
}

function sortNode(ctx: Context, input: LogicalNode, keys: readonly SortKey[], step: { span: Ast.Span }): SortNode {
  return { ...base(ctx, input.schema, [input], step, 'sort'), op: 'sort', keys, limit: null };
}

function ascending(expr: Expr): SortKey {
  return { expr, desc: false, nullsFirst: false };
}

/** The rows with their windows, where there are any, and nothing else changed. */
export function rowsWithWindows(
  ctx: Context,
  input: Rows,
  windows: Windows,
  items: readonly NamedExpr[],
  step: { span: Ast.Span },
  label: string,
): { readonly rows: Rows; resolve(expr: Expr): Expr } {
  if (input === null || windows.list.length === 0) return { rows: input, resolve: (expr) => expr };
  return applyWindows(ctx, input, windows.list, items, step, label);
}
