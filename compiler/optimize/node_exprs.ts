import type { Expr, HostExpr, NamedExpr, SortKey } from '../../engine/expr.ts';
import type { LogicalNode, RangeEnd, TrainSpec, WindowCall, WindowNode } from '../logical.ts';

/** The one place that knows which expressions a node holds, and over which input they range. */
export function exprsOf(n: LogicalNode): readonly { readonly input: number; readonly expr: Expr }[] {
  const over = (input: number, exprs: readonly Expr[]) => exprs.map((expr) => ({ input, expr }));
  const named = (xs: readonly NamedExpr[]): Expr[] => xs.map((x) => x.expr);
  switch (n.op) {
    case 'scan':
    case 'limit':
    case 'distinct':
    case 'number':
    case 'trialTable':
    case 'sql':
    case 'table':
    case 'union':
    case 'single':
    case 'repeat':
    case 'explode':
    case 'unpivot':
    case 'place':
    case 'map':
      return [];
    case 'call':
      return over(0, named(n.calls));
    case 'filter':
      return over(0, [n.predicate]);
    case 'project':
      return over(0, named(n.outputs));
    case 'aggregate':
      return over(0, [...named(n.keys), ...n.aggregates.flatMap((a) => a.args)]);
    case 'sort':
      return over(
        0,
        n.keys.map((k) => k.expr),
      );
    case 'join':
      return [
        ...over(0, n.nearest === null ? n.leftKeys : [...n.leftKeys, n.nearest.left]),
        ...over(1, n.nearest === null ? n.rightKeys : [...n.rightKeys, n.nearest.right]),
      ];
    case 'expect':
      return over(
        0,
        n.checks.map((c) => c.predicate),
      );
    case 'window':
      return over(0, [...n.keys, ...orderOf(n).map((k) => k.expr), ...n.calls.flatMap(callExprs)]);
    case 'train':
    case 'trials':
      return over(0, [n.params.label.expr, ...n.params.features.map((f) => f.expr)]);
    case 'predict':
      return over(0, named(n.features));
    case 'evaluate':
      return over(0, [n.target, ...named(n.features), ...named(n.by)]);
  }
}

/** The same node with `f` applied to each of its expressions (a join's residual included). */
export function mapExprs(n: LogicalNode, f: (e: Expr) => Expr): LogicalNode {
  const named = (xs: readonly NamedExpr[]): NamedExpr[] => xs.map((x) => ({ ...x, expr: f(x.expr) }));
  switch (n.op) {
    case 'scan':
    case 'limit':
    case 'distinct':
    case 'number':
    case 'trialTable':
    case 'sql':
    case 'table':
    case 'union':
    case 'single':
    case 'repeat':
    case 'explode':
    case 'unpivot':
    case 'place':
    case 'map':
      return n;
    case 'call':
      return { ...n, calls: n.calls.map((x) => ({ ...x, expr: f(x.expr) as HostExpr })) };
    case 'filter':
      return { ...n, predicate: f(n.predicate) };
    case 'project':
      return { ...n, outputs: named(n.outputs) };
    case 'aggregate':
      return { ...n, keys: named(n.keys), aggregates: n.aggregates.map((a) => ({ ...a, args: a.args.map(f) })) };
    case 'sort':
      return { ...n, keys: n.keys.map((k) => ({ ...k, expr: f(k.expr) })) };
    case 'join':
      return {
        ...n,
        leftKeys: n.leftKeys.map(f),
        rightKeys: n.rightKeys.map(f),
        residual: n.residual === null ? null : f(n.residual),
        nearest: n.nearest === null ? null : { ...n.nearest, left: f(n.nearest.left), right: f(n.nearest.right) },
      };
    case 'expect':
      return { ...n, checks: n.checks.map((c) => ({ ...c, predicate: f(c.predicate) })) };
    case 'window':
      return {
        ...n,
        keys: n.keys.map(f),
        sort: n.sort.map((k) => ({ ...k, expr: f(k.expr) })),
        ties: n.ties === null ? null : f(n.ties),
        calls: n.calls.map((c) => mapCall(c, f)),
      };
    case 'train':
      return { ...n, params: mapTrain(n.params, f) };
    case 'trials':
      return { ...n, params: mapTrain(n.params, f) };
    case 'predict':
      return { ...n, features: named(n.features) };
    case 'evaluate':
      return { ...n, target: f(n.target), features: named(n.features), by: named(n.by) };
  }
}

/** The expressions of one call of a window. */
export function callExprs(c: WindowCall): Expr[] {
  const bounds = c.frame.unit === 'range' ? [c.frame.low, c.frame.high] : [];
  return [
    ...c.args,
    ...(c.fallback === null ? [] : [c.fallback]),
    ...bounds.flatMap((end) => (end?.kind === 'bound' ? [end.expr] : [])),
  ];
}

function mapCall(c: WindowCall, f: (e: Expr) => Expr): WindowCall {
  const end = (x: RangeEnd): RangeEnd => (x?.kind === 'bound' ? { ...x, expr: f(x.expr) } : x);
  const frame = c.frame.unit === 'rows' ? c.frame : { ...c.frame, low: end(c.frame.low), high: end(c.frame.high) };
  return { ...c, args: c.args.map(f), fallback: c.fallback === null ? null : f(c.fallback), frame };
}

/** The order of the rows within a partition. */
export function orderOf({ sort, ties }: WindowNode): readonly SortKey[] {
  return ties === null ? sort : [...sort, { expr: ties, desc: false, nullsFirst: false }];
}

function mapTrain<S extends TrainSpec>(spec: S, f: (e: Expr) => Expr): S {
  return {
    ...spec,
    label: { ...spec.label, expr: f(spec.label.expr) },
    features: spec.features.map((x) => ({ ...x, expr: f(x.expr) })),
  };
}
