import type { LogicalNode, LogicalPlan } from '../logical.ts';

/** A named rewrite. It returns the same plan object when it has nothing to do. */
export interface Rule {
  readonly name: string;
  /** One line for `flowc explain`. */
  readonly doc: string;
  apply(plan: LogicalPlan, context: RuleContext): LogicalPlan;
}

export interface RuleContext {
  /** Ids for new nodes. */
  nextId(): number;
}

export function withInputs<N extends LogicalNode>(n: N, inputs: readonly LogicalNode[]): N {
  return { ...n, inputs };
}
