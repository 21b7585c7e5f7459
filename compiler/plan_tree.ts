import type { LogicalNode, LogicalPlan } from './logical.ts';

/** Generic walks over a logical plan, which is a DAG: a node used twice is visited, rewritten and counted as one node. */

/** How many places use each node (plan outputs count). By identity: a rewritten node is another node, though it may keep its id. */
export function useCounts(plan: LogicalPlan): Map<LogicalNode, number> {
  const uses = new Map<LogicalNode, number>();
  const visit = (n: LogicalNode): void => {
    const seen = uses.get(n) ?? 0;
    uses.set(n, seen + 1);
    if (seen === 0) n.inputs.forEach(visit);
  };
  for (const o of plan.outputs) visit(o.input);
  return uses;
}

/** Nodes in topological order, inputs first. */
export function topological(plan: LogicalPlan): LogicalNode[] {
  const done = new Set<LogicalNode>();
  const out: LogicalNode[] = [];
  const visit = (n: LogicalNode): void => {
    if (done.has(n)) return;
    done.add(n);
    n.inputs.forEach(visit);
    out.push(n);
  };
  for (const o of plan.outputs) visit(o.input);
  return out;
}

/** True for a node that more than one place uses. */
export type IsShared = (n: LogicalNode) => boolean;

/**
 * Bottom-up rewrite that keeps sharing: `f` sees each node once, with its inputs rewritten, and may ask which of the rewritten nodes are shared. What
 * replaces a shared node is shared.
 */
export function rewritePlan(plan: LogicalPlan, f: (n: LogicalNode, shared: IsShared) => LogicalNode): LogicalPlan {
  const memo = new Map<LogicalNode, LogicalNode>();
  const before = useCounts(plan);
  const uses = new Map<LogicalNode, number>();
  const shared: IsShared = (n) => (uses.get(n) ?? 0) > 1;
  const visit = (n: LogicalNode): LogicalNode => {
    const known = memo.get(n);
    if (known !== undefined) return known;
    const inputs = n.inputs.map(visit);
    const same = inputs.every((x, i) => x === n.inputs[i]);
    const next = f(same ? n : ({ ...n, inputs } as LogicalNode), shared);
    memo.set(n, next);
    uses.set(next, (uses.get(next) ?? 0) + (before.get(n) ?? 0));
    return next;
  };
  const outputs = plan.outputs.map((o) => {
    const input = visit(o.input);
    return input === o.input ? o : { ...o, input };
  });
  return outputs.every((o, i) => o === plan.outputs[i]) ? plan : { outputs };
}

export function inputOf(n: LogicalNode, i = 0): LogicalNode {
  const x = n.inputs[i];
  if (x === undefined) throw new Error(`${n.op} has no input ${i}`);
  return x;
}
