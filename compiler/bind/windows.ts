import { AGGREGATES, resolveAggregate } from '../../engine/aggregates/registry.ts';
import type { AggregateCall, Expr, SortKey } from '../../engine/expr.ts';
import { findFunction } from '../../engine/functions/registry.ts';
import { formatType } from '../../engine/types.ts';
import type { WindowDef } from '../../engine/windows/def.ts';
import { WINDOWS } from '../../engine/windows/registry.ts';
import type * as Ast from '../../grammar/ast.ts';
import { suggestAll } from '../../grammar/suggest.ts';
import { codes } from '../diagnostics.ts';
import type { WindowCall } from '../logical.ts';
import { isAggregate } from './calls.ts';
import { isUnknown, unknown } from './exprs.ts';
import { hostAggregateCall } from './host.ts';
import { show, tryCall } from './invoke.ts';
import { spanOf } from './nodes.ts';
import type { Env, WindowHook } from './scope.ts';
import { bindWindowArguments } from './window_arguments.ts';
import { bindFrame } from './window_frames.ts';

/** A call with the window it looks at. */
export interface BoundWindow {
  readonly keys: readonly Expr[];
  readonly sort: readonly SortKey[];
  /** Its name is given when the step is put together. */
  readonly call: WindowCall;
}

/** The parts of a window; null when they are wrong, which is reported. */
export function bindWindow(env: Env, node: Ast.Over): BoundWindow | null {
  const inside = env.within({ aggregate: null, window: nested });
  const { ctx } = env;
  const name = node.call.name.text;
  const keys = node.by.map((one) => inside.bind(one));
  const sort = node.sort.map((key) => bindSortKey(inside, key));
  const parts = callOf(inside, node);
  if (parts === null || [...keys, ...sort.map((k) => k.expr)].some(isUnknown)) return null;
  const { def, call } = parts;
  if (def?.needs.sort === true && sort.length === 0) {
    ctx.report(codes.needsSort, { name }, node.span, {
      suggestion: { text: `order the rows of a partition: \`${name}(…) over (by … sort …)\`` },
    });
    return null;
  }
  if (def !== null && !def.needs.frame) {
    if (node.frame === null) return { keys, sort, call };
    ctx.report(codes.badFrame, { why: `${name} looks at its whole partition, and takes no frame` }, node.frame.span, {
      suggestion: { text: 'leave the frame out' },
    });
    return null;
  }
  const frame = bindFrame(inside, node.frame, sort, node);
  if (frame === null) return null;
  const includesRow = frame.unit === 'range' || ((frame.low ?? 0) <= 0 && (frame.high ?? 0) >= 0);
  const [value] = call.args;
  const nullable = def === null || !includesRow || def.constant !== null ? call.nullable : value?.nullable === true;
  return { keys, sort, call: { ...call, frame, nullable } };
}

/** An aggregate without `over` where it is one over all rows. */
export function windowOfAggregate(env: Env, node: Ast.Call, window: WindowHook): Expr {
  return window(env, { kind: 'over', span: node.span, call: node, by: [], sort: [], frame: null });
}

function nested(env: Env, node: Ast.Over): Expr {
  env.ctx.report(codes.nestedWindow, {}, node.span, {
    suggestion: { text: 'derive the inner one in a step of its own' },
  });
  return unknown();
}

/** A key that has an order, or is reported. */
export function bindSortKey(env: Env, node: Ast.SortKey): SortKey {
  const expr = env.bind(node.value);
  if (!isUnknown(expr) && tryCall('lt', [expr, expr]) === null)
    env.ctx.report(codes.noOverload, { name: '`sort`', types: [show(expr)] }, node.value.span, {
      notes: [`values of ${formatType(expr.type)} have no order`],
    });
  return { expr, desc: node.descending, nullsFirst: node.nulls === 'first' };
}

/** `def` null: an aggregate. */
function callOf(env: Env, node: Ast.Over): { def: WindowDef | null; call: WindowCall } | null {
  const name = node.call.name.text;
  const def = WINDOWS[name];
  if (env.ctx.declared.fns.has(name)) return reportNone(env, node);
  const own = env.ctx.declared.host.get(name);
  if (own !== undefined) {
    if (own.found.kind !== 'object') return reportNone(env, node);
    const call = hostAggregateCall(env, node.call, own);
    return call === null ? null : { def: null, call: windowCall(call, node.call) };
  }
  if (def !== undefined) {
    const call = bindWindowArguments(env, node.call, def);
    return call === null ? null : { def, call };
  }
  if (!isAggregate(name)) return reportNone(env, node);
  const call = aggregateCall(env, node.call);
  return call === null ? null : { def: null, call };
}

function aggregateCall(env: Env, node: Ast.Call): WindowCall | null {
  const name = node.name.text;
  const args = node.args.map((arg) => env.bind(arg.value));
  const named = node.args.find((arg) => arg.name !== null);
  if (named !== undefined) {
    env.ctx.report(codes.badArguments, { name, why: 'takes its arguments in order, without names' }, named.span);
    return null;
  }
  if (args.some(isUnknown)) return null;
  const types = args.map((arg) => arg.type);
  const resolved = resolveAggregate(name, types, node.distinct);
  if (resolved === null) {
    const shown = node.distinct ? `${name}(distinct …)` : name;
    env.ctx.report(codes.noOverload, { name: shown, types: args.map(show) }, node.span);
    return null;
  }
  const { type, nullable } = resolved;
  return windowCall({ fn: AGGREGATES[name]?.name ?? name, args, distinct: node.distinct, type, nullable }, node);
}

/** An aggregate over the whole partition, until it is given a frame. */
function windowCall(call: Omit<AggregateCall, 'name'>, node: Ast.Call): WindowCall {
  return {
    name: '',
    ...call,
    constant: null,
    fallback: null,
    ignoreNulls: false,
    frame: { unit: 'rows', low: null, high: null },
    span: spanOf(node.span),
  };
}

function reportNone(env: Env, node: Ast.Over): null {
  const { ctx } = env;
  const name = node.call.name.text;
  for (const arg of node.call.args) if (arg.value.kind !== 'lambda') env.bind(arg.value);
  if (ctx.declared.opaque.has(name)) return null;
  const known = findFunction(name) !== null || ctx.declared.fns.has(name);
  const near = known ? [] : suggestAll(name, Object.keys(WINDOWS));
  ctx.report(codes.notAWindow, { name }, node.call.name.span, {
    suggestion: known
      ? { text: `put the window inside: \`${name}(sum(…) over (…))\`` }
      : near[0] === undefined
        ? undefined
        : { text: `did you mean \`${near[0]}\`?`, replacement: near[0] },
  });
  return null;
}
