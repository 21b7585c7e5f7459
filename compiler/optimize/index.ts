import type { LogicalPlan } from '../logical.ts';
import { topological } from '../plan_tree.ts';
import { checkOutputs, checkPlan } from './check.ts';
import { foldConstants } from './fold_constants.ts';
import { limitWindows } from './limit_windows.ts';
import { mergeLimits } from './merge_limits.ts';
import { mergeProjects } from './merge_projects.ts';
import { pruneColumns } from './prune_columns.ts';
import { pushFilters } from './push_filters.ts';
import { pushFiltersIntoScans, pushLimits } from './push_into_scans.ts';
import { pushSemiJoins } from './push_semi_joins.ts';
import type { Rule } from './rule.ts';
import { mergeSorts } from './sorts.ts';

/** The rules, in the order in which they are tried. */
export const RULES: readonly Rule[] = [
  foldConstants,
  pushFilters,
  pushSemiJoins,
  limitWindows,
  mergeProjects,
  mergeSorts,
  mergeLimits,
  pushLimits,
  pruneColumns,
  pushFiltersIntoScans,
];

const MAX_ROUNDS = 8;

export interface Optimized {
  readonly plan: LogicalPlan;
  /** Rules that changed the plan, in order. */
  readonly fired: readonly string[];
}

/** Applies the rules until nothing changes; the schemas are checked after each. The outputs' schemas never change. */
export function optimize(plan: LogicalPlan, rules: readonly Rule[] = RULES): Optimized {
  checkPlan(plan, 'binding');
  let id = Math.max(0, ...topological(plan).map((n) => n.id));
  const context = { nextId: () => ++id };
  const fired: string[] = [];
  let current = plan;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = current;
    for (const rule of rules) {
      const next = rule.apply(current, context);
      if (next === current) continue;
      checkPlan(next, rule.name);
      if (!fired.includes(rule.name)) fired.push(rule.name);
      current = next;
    }
    if (current === before) break;
  }
  checkOutputs(plan, current);
  return { plan: current, fired };
}
