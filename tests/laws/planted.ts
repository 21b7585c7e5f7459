// Bugs as an engine could have them, planted as rules of the optimizer: each spoils a plan in one way, and gives it back with the same columns.
import type { AggregateNode, JoinNode, LogicalNode, LogicalPlan, SortNode, UnionNode } from '../../compiler/logical.ts';
import { RULES } from '../../compiler/optimize/index.ts';
import type { Rule, RuleContext } from '../../compiler/optimize/rule.ts';
import { inputOf, rewritePlan } from '../../compiler/plan_tree.ts';
import { type Expr, type LiteralValue, rewriteExpr } from '../../engine/expr.ts';

const MARK = ' (spoiled)';

/** What a bug makes of a node: itself, or another one. */
type Spoil = (n: LogicalNode, make: Make) => LogicalNode;

interface Make {
  readonly limit: (below: LogicalNode, skip: number, take: number | null) => LogicalNode;
  readonly filter: (below: LogicalNode, predicate: Expr) => LogicalNode;
  readonly distinct: (below: LogicalNode, keys: readonly string[] | null) => LogicalNode;
}

function making({ nextId }: RuleContext): Make {
  const base = (below: LogicalNode) => ({ id: nextId(), schema: below.schema, inputs: [below], label: `bug${MARK}` });
  return {
    limit: (below, skip, take) => ({ ...base(below), op: 'limit', skip, take }),
    filter: (below, predicate) => ({ ...base(below), op: 'filter', predicate }),
    distinct: (below, keys) => ({ ...base(below), op: 'distinct', keys }),
  };
}

/** The rules of the optimizer, with a wrong one before them. Each node is spoiled once. */
export function spoiled(spoil: Spoil): readonly Rule[] {
  const rule: Rule = {
    name: 'a planted bug',
    doc: 'spoils the plan',
    apply(plan: LogicalPlan, context) {
      return rewritePlan(plan, (n) => {
        if (n.label.endsWith(MARK)) return n;
        const made = spoil(n, making(context));
        return made === n ? n : { ...made, label: `${made.label.replace(MARK, '')}${MARK}` };
      });
    },
  };
  return [rule, ...RULES];
}

export const column = (n: LogicalNode, name: string): Expr => {
  const field = n.schema.find((f) => f.name === name);
  if (field === undefined) throw new Error(`no column ${name}`);
  return { kind: 'column', name, type: field.type, nullable: field.nullable };
};

export const call = (fn: string, args: readonly Expr[], nullable = false): Expr => ({
  kind: 'call',
  fn,
  args,
  type: { kind: 'bool' },
  nullable,
});

export const literal = (value: LiteralValue, kind: 'bool' | 'int' = 'bool'): Expr => ({
  kind: 'literal',
  value,
  type: { kind },
  nullable: value === null,
});

/** Expressions of filters, rewritten. */
export const filters =
  (f: (e: Expr) => Expr): Spoil =>
  (n) => {
    if (n.op !== 'filter') return n;
    const predicate = rewriteExpr(n.predicate, f);
    return JSON.stringify(predicate) === JSON.stringify(n.predicate) ? n : { ...n, predicate };
  };

export const joins =
  (kind: JoinNode['kind'], spoil: (n: JoinNode, make: Make) => LogicalNode): Spoil =>
  (n, make) =>
    n.op === 'join' && n.kind === kind ? spoil(n, make) : n;

export const sorts =
  (spoil: (n: SortNode) => LogicalNode): Spoil =>
  (n) =>
    n.op === 'sort' ? spoil(n) : n;

export const unions =
  (spoil: (n: UnionNode, make: Make) => LogicalNode): Spoil =>
  (n, make) =>
    n.op === 'union' ? spoil(n, make) : n;

export const aggregates =
  (spoil: (n: AggregateNode, make: Make) => LogicalNode): Spoil =>
  (n, make) =>
    n.op === 'aggregate' ? spoil(n, make) : n;

/** Whether a node, or one below it, is of an operator. */
export const hasBelow = (n: LogicalNode, op: LogicalNode['op']): boolean =>
  n.inputs.some((input) => input.op === op || hasBelow(input, op));

/** The same node over another input. */
export const over = <N extends LogicalNode>(n: N, i: number, spoil: (input: LogicalNode) => LogicalNode): N => ({
  ...n,
  inputs: n.inputs.map((input, k) => (k === i ? spoil(input) : input)),
});

export { inputOf };
