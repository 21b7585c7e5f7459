import { columnsOf, type Expr } from '../../engine/expr.ts';
import { keepsRight, onlyFilters } from '../../engine/operators/params.ts';
import type { JoinNode, LogicalNode } from '../logical.ts';
import { type IsShared, inputOf, rewritePlan } from '../plan_tree.ts';
import { definitions, substitute } from './exprs.ts';
import { type Rule, type RuleContext, withInputs } from './rule.ts';

/** A semi or anti join is a filter: it moves below joins, to the side whose columns it tests, so that fewer rows are joined and moved. */
export const pushSemiJoins: Rule = {
  name: 'push semi joins down',
  doc: 'semi and anti joins move below projections, sorts and joins, to the side that has their keys',
  apply(plan, rule) {
    return rewritePlan(plan, (n, shared) => (isFilter(n) ? push(n, rule, shared) : n));
  },
};

/** Keys are plain columns, so that nothing is computed twice and nothing can fail; a bound on matches is about the rows where it is written. */
function isFilter(n: LogicalNode): n is JoinNode {
  return (
    n.op === 'join' &&
    onlyFilters(n.kind) &&
    n.matching === 'many' &&
    n.residual === null &&
    n.leftKeys.length > 0 &&
    n.leftKeys.every((k) => k.kind === 'column')
  );
}

/** The filter below a join, with what lies between; itself when there is no join on its way. */
function push(filter: JoinNode, rule: RuleContext, shared: IsShared): LogicalNode {
  return below(inputOf(filter), filter.leftKeys, { filter, rule, shared }) ?? filter;
}

interface Push {
  readonly filter: JoinNode;
  readonly rule: RuleContext;
  readonly shared: IsShared;
}

/** `n`, with the filter below the first join on the way down, or further; null when it cannot get there. */
function below(n: LogicalNode, keys: readonly Expr[], p: Push): LogicalNode | null {
  if (p.shared(n)) return null;
  if (n.op === 'project') {
    const defs = definitions(n.outputs);
    const under = keys.map((k) => substitute(k, defs));
    return under.every((k) => k.kind === 'column') ? replaced(n, below(inputOf(n), under, p)) : null;
  }
  if (n.op === 'sort' && n.limit === null) return replaced(n, below(inputOf(n), keys, p));
  // Two filters change places for nothing.
  return n.op === 'join' && n.matching === 'many' && !onlyFilters(n.kind) ? belowJoin(n, keys, p) : null;
}

function replaced(n: LogicalNode, input: LogicalNode | null): LogicalNode | null {
  return input === null ? null : withInputs(n, [input]);
}

function belowJoin(join: JoinNode, keys: readonly Expr[], p: Push): LogicalNode | null {
  const [left, right] = [inputOf(join, 0), inputOf(join, 1)];
  const names = [...new Set(keys.flatMap((k) => [...columnsOf(k)]))];
  const added = new Map(join.add.map((a) => [a.name, a.column]));
  if (join.kind === 'inner' && names.every((name) => added.has(name))) {
    const defs = new Map([...added].map(([name, column]) => [name, columnOf(right, column)]));
    const under = keys.map((k) => substitute(k, defs));
    return withInputs(join, [left, over(right, under, p)]);
  }
  const isLeft = !names.some((name) => added.has(name));
  return isLeft && !keepsRight(join.kind) ? withInputs(join, [over(left, keys, p), right]) : null;
}

/** The filter on top of `n`, or below a join there. */
function over(n: LogicalNode, leftKeys: readonly Expr[], p: Push): LogicalNode {
  const { filter, rule } = p;
  return (
    below(n, leftKeys, p) ?? {
      ...filter,
      id: rule.nextId(),
      inputs: [n, inputOf(filter, 1)],
      schema: n.schema,
      leftKeys,
    }
  );
}

function columnOf(n: LogicalNode, name: string): Expr {
  const field = n.schema.find((f) => f.name === name);
  if (field === undefined) throw new Error(`a join adds ${name}, which its right side does not have`);
  return { kind: 'column', name, type: field.type, nullable: field.nullable };
}
