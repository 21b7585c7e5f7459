import type { LogicalNode, ProjectNode } from '../logical.ts';
import { inputOf, rewritePlan } from '../plan_tree.ts';
import { definitions, substitute, substitutesFreely } from './exprs.ts';
import type { Rule } from './rule.ts';

/** Two projections in a row become one; one that changes nothing goes. */
export const mergeProjects: Rule = {
  name: 'merge projections',
  doc: 'neighbouring projections become one; those that change nothing are dropped',
  apply(plan) {
    return rewritePlan(plan, (n, shared) => {
      if (n.op !== 'project') return n;
      const below = inputOf(n);
      if (isIdentity(n, below)) return below;
      if (below.op !== 'project' || shared(below)) return n;
      const defs = definitions(below.outputs);
      const exprs = n.outputs.map((o) => o.expr);
      if (!substitutesFreely(exprs, defs)) return n;
      return {
        ...n,
        inputs: below.inputs,
        outputs: n.outputs.map((o) => ({ name: o.name, expr: substitute(o.expr, defs) })),
      };
    });
  },
};

function isIdentity(n: ProjectNode, below: LogicalNode): boolean {
  return (
    n.outputs.length === below.schema.length &&
    n.outputs.every((o, i) => o.expr.kind === 'column' && o.expr.name === o.name && below.schema[i]?.name === o.name)
  );
}
