import type { Expr, NamedExpr, SortKey } from '../../engine/expr.ts';
import type { LogicalNode, ProjectNode, SortNode } from '../logical.ts';
import { type IsShared, inputOf, rewritePlan } from '../plan_tree.ts';
import type { Rule, RuleContext } from './rule.ts';

/** Aggregates whose value does not depend on the order of rows. */
const UNORDERED: ReadonlySet<string> = new Set(
  'count count_if sum mean min max any all count_distinct var_pop var_samp stddev_pop stddev_samp median quantile'.split(
    ' ',
  ),
);

/** Sorts are stable: one that another follows only decides about ties, and one by an order that is there already, or that nothing looks at, does nothing. */
export const mergeSorts: Rule = {
  name: 'merge sorts',
  doc: 'neighbouring sorts become one; those by an order that is there, or that nothing looks at, are dropped',
  apply(plan, ctx) {
    return rewritePlan(plan, (n, shared) => {
      if (n.op === 'sort') return sorted(n, ctx, shared);
      if (n.op !== 'aggregate' || !n.aggregates.every((a) => UNORDERED.has(a.fn))) return n;
      const below = unsorted(inputOf(n), shared);
      return below === null ? n : { ...n, inputs: [below] };
    });
  },
};

function sorted(n: SortNode, ctx: RuleContext, shared: IsShared): LogicalNode {
  const below = inputOf(n);
  if (n.limit === null && hasOrder(below, n.keys)) return below;
  if (shared(below)) return n;
  if (below.op === 'sort' && below.limit === null)
    return { ...n, inputs: below.inputs, keys: both(n.keys, below.keys) };
  if (below.op !== 'project') return n;
  const lower = inputOf(below);
  if (lower.op !== 'sort' || lower.limit !== null || shared(lower)) return n;
  return throughProject(n, below, lower, ctx);
}

/** `sort b` above a projection of rows sorted by a: one sort by b, a above the projection, which carries a's columns along. */
function throughProject(n: SortNode, project: ProjectNode, lower: SortNode, ctx: RuleContext): LogicalNode {
  const outputs: NamedExpr[] = [...project.outputs];
  const taken = new Set(outputs.map((o) => o.name));
  const keys = lower.keys.map((key, i): SortKey => {
    const { expr } = key;
    const own = outputs.find((o) => expr.kind === 'column' && o.expr.kind === 'column' && o.expr.name === expr.name);
    if (own !== undefined) return { ...key, expr: columnOf(own) };
    let name = `sort.${i}`;
    while (taken.has(name)) name = `${name}_`;
    taken.add(name);
    const carried = { name, expr };
    outputs.push(carried);
    return { ...key, expr: columnOf(carried) };
  });
  const schema = outputs.map(({ name, expr }) => ({ name, type: expr.type, nullable: expr.nullable }));
  const carrying: ProjectNode = { ...project, inputs: lower.inputs, outputs, schema };
  const sort: SortNode = { ...n, inputs: [carrying], schema, keys: both(n.keys, keys) };
  if (outputs.length === project.outputs.length) return sort;
  const visible = project.outputs.map((o) => ({ name: o.name, expr: columnOf(o) }));
  return {
    id: ctx.nextId(),
    op: 'project',
    inputs: [sort],
    outputs: visible,
    schema: project.schema,
    label: project.label,
    ...(project.span === undefined ? {} : { span: project.span }),
  };
}

function columnOf({ name, expr }: NamedExpr): Expr {
  return { kind: 'column', name, type: expr.type, nullable: expr.nullable };
}

/** A column decides once. */
function both(first: readonly SortKey[], then: readonly SortKey[]): SortKey[] {
  const names = new Set(first.flatMap((k) => (k.expr.kind === 'column' ? [k.expr.name] : [])));
  return [...first, ...then.filter((k) => k.expr.kind !== 'column' || !names.has(k.expr.name))];
}

/** The rows come in the order of these keys, which are columns. */
function hasOrder(n: LogicalNode, keys: readonly SortKey[]): boolean {
  switch (n.op) {
    case 'sort':
      return keys.every((k, i) => sameKey(k, n.keys[i]));
    case 'filter':
    case 'limit':
      return hasOrder(inputOf(n), keys);
    case 'place':
      return isPlace(keys, n.name) || hasOrder(inputOf(n), keys);
    case 'window':
      return n.keys.length === 0 && hasOrder(inputOf(n), keys);
    case 'project': {
      const below = keys.map((k): SortKey | null => {
        const own = n.outputs.find((o) => k.expr.kind === 'column' && o.name === k.expr.name);
        return own?.expr.kind === 'column' ? { ...k, expr: own.expr } : null;
      });
      return below.every((k) => k !== null) && hasOrder(inputOf(n), below);
    }
    default:
      return false;
  }
}

function isPlace(keys: readonly SortKey[], name: string): boolean {
  const [key] = keys;
  return keys.length === 1 && key?.desc === false && key.expr.kind === 'column' && key.expr.name === name;
}

function sameKey(a: SortKey, b: SortKey | undefined): boolean {
  return (
    b !== undefined &&
    a.expr.kind === 'column' &&
    b.expr.kind === 'column' &&
    a.expr.name === b.expr.name &&
    a.desc === b.desc &&
    a.nullsFirst === b.nullsFirst
  );
}

/** The rows without the sort that comes last before steps that keep rows apart; null where there is none. */
function unsorted(n: LogicalNode, shared: IsShared): LogicalNode | null {
  if (shared(n)) return null;
  if (n.op === 'sort') return n.limit === null ? inputOf(n) : null;
  if (n.op !== 'project' && n.op !== 'filter') return null;
  const below = unsorted(inputOf(n), shared);
  return below === null ? null : { ...n, inputs: [below] };
}
