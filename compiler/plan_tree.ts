import type { LogicalNode, LogicalPlan } from './logical.ts';

/** Generic walks over a logical plan, which is a DAG: a node used twice is visited, rewritten and counted as one node. */

/** How many places use each node, by its id, which rewriting keeps (plan outputs count). */
export function useCounts(plan: LogicalPlan): Map<number, number> {
  const uses = new Map<number, number>();
  const visit = (n: LogicalNode): void => {
    const seen = uses.get(n.id) ?? 0;
    uses.set(n.id, seen + 1);
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

/** Bottom-up rewrite that keeps sharing: `f` sees each node once, with its inputs rewritten. */
export function rewritePlan(plan: LogicalPlan, f: (n: LogicalNode, original: LogicalNode) => LogicalNode): LogicalPlan {
  const memo = new Map<LogicalNode, LogicalNode>();
  const visit = (n: LogicalNode): LogicalNode => {
    const known = memo.get(n);
    if (known !== undefined) return known;
    const inputs = n.inputs.map(visit);
    const same = inputs.every((x, i) => x === n.inputs[i]);
    const next = f(same ? n : ({ ...n, inputs } as LogicalNode), n);
    memo.set(n, next);
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
