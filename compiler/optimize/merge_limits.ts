import { inputOf, rewritePlan } from '../plan_tree.ts';
import type { Rule } from './rule.ts';

/** `skip 5 | take 10`: two neighbouring limits become one, so that rows are counted off once. */
export const mergeLimits: Rule = {
  name: 'merge limits',
  doc: 'neighbouring skip and take become one',
  apply(plan) {
    return rewritePlan(plan, (n, shared) => {
      if (n.op !== 'limit') return n;
      if (n.skip === 0 && n.take === null) return inputOf(n);
      const below = inputOf(n);
      if (below.op !== 'limit' || shared(below)) return n;
      const left = below.take === null ? null : Math.max(0, below.take - n.skip);
      const take = n.take === null ? left : left === null ? n.take : Math.min(left, n.take);
      return { ...n, inputs: below.inputs, skip: below.skip + n.skip, take, label: `${below.label} | ${n.label}` };
    });
  },
};
