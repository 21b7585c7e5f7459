import { conjuncts, type Expr } from '../../engine/expr.ts';
import type { LogicalNode, ScanNode } from '../logical.ts';
import { type IsShared, inputOf, rewritePlan } from '../plan_tree.ts';
import { callsHost, conjunction } from './exprs.ts';
import { type Rule, withInputs } from './rule.ts';

/** A filter right above a scan is also told to the reader, which skips row groups that cannot match; the filter itself stays. */
export const pushFiltersIntoScans: Rule = {
  name: 'push filters into readers',
  doc: 'readers skip row groups whose statistics rule out the filter',
  apply(plan) {
    return rewritePlan(plan, (n, shared) => {
      if (n.op !== 'filter') return n;
      const below = inputOf(n);
      // A reader can make nothing of what a function of the host language says.
      const predicate = conjunction(conjuncts(n.predicate).filter((p) => !callsHost(p)));
      if (below.op !== 'scan' || shared(below) || predicate === null || sameFilter(below, predicate)) return n;
      return withInputs(n, [{ ...below, filter: predicate }]);
    });
  },
};

function sameFilter(scan: ScanNode, predicate: Expr): boolean {
  return scan.filter !== null && JSON.stringify(scan.filter, bigints) === JSON.stringify(predicate, bigints);
}

const bigints = (_: string, v: unknown): unknown => (typeof v === 'bigint' ? `${v}n` : v);

/** `take` needs only the first rows: a sort becomes a top-N, and a reader or a table function below steps that keep every row stops early. */
export const pushLimits: Rule = {
  name: 'push limits down',
  doc: 'sort + take becomes a top-N; a reader stops after the rows that are wanted',
  apply(plan) {
    const limited = (n: LogicalNode, rows: number, shared: IsShared): LogicalNode => {
      if (shared(n)) return n;
      if (n.op === 'sort') return n.limit !== null && n.limit <= rows ? n : { ...n, limit: rows };
      if (n.op === 'scan' || n.op === 'table') return n.limit !== null && n.limit <= rows ? n : { ...n, limit: rows };
      const givesEach =
        n.op === 'project' ||
        n.op === 'predict' ||
        n.op === 'call' ||
        n.op === 'unpivot' ||
        (n.op === 'explode' && n.outer);
      if (!givesEach) return n;
      const [below, ...others] = n.inputs;
      if (below === undefined) return n;
      const next = limited(below, rows, shared);
      return next === below ? n : withInputs<LogicalNode>(n, [next, ...others]);
    };
    return rewritePlan(plan, (n, shared) => {
      if (n.op !== 'limit' || n.take === null) return n;
      const below = inputOf(n);
      const next = limited(below, n.skip + n.take, shared);
      return next === below ? n : withInputs(n, [next]);
    });
  },
};
