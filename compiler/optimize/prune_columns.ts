import { columnsOf, type Expr } from '../../engine/expr.ts';
import { leftFields } from '../../engine/operators/params.ts';
import { operator } from '../../engine/operators/registry.ts';
import type { Schema } from '../../engine/types.ts';
import type { CallNode, JoinNode, LogicalNode, LogicalPlan, WindowNode } from '../logical.ts';
import { inputOf, rewritePlan, topological } from '../plan_tree.ts';
import { schemaOfCalls } from './check.ts';
import { callExprs, exprsOf, orderOf } from './node_exprs.ts';
import type { Rule, RuleContext } from './rule.ts';

/** Columns nobody reads are not read from files, computed, or carried through shuffles. */
export const pruneColumns: Rule = {
  name: 'drop dead columns',
  doc: 'columns that nothing reads are not produced; readers load only what is used',
  apply(plan, ctx) {
    const needed = neededColumns(plan);
    return rewritePlan(plan, (n) => narrow(n, needed.get(n.id) ?? new Set(), ctx));
  },
};

/** For each node, by id, the output columns that some reader uses. */
export function neededColumns(plan: LogicalPlan): Map<number, Set<string>> {
  const needed = new Map<number, Set<string>>();
  const of = (n: LogicalNode): Set<string> => {
    const s = needed.get(n.id) ?? new Set<string>();
    needed.set(n.id, s);
    return s;
  };
  for (const o of plan.outputs) for (const f of o.input.schema) of(o.input).add(f.name);
  for (const n of topological(plan).reverse()) require(n, of(n), of);
  return needed;
}

/** Adds to the inputs' needs what `n` reads in order to produce `out`. */
function require(n: LogicalNode, out: ReadonlySet<string>, of: (n: LogicalNode) => Set<string>): void {
  const pass = (i: number): void => {
    const input = inputOf(n, i);
    const has = new Set(input.schema.map((f) => f.name));
    for (const c of out) if (has.has(c)) of(input).add(c);
  };
  const all = (i: number): void => {
    for (const f of inputOf(n, i).schema) of(inputOf(n, i)).add(f.name);
  };
  switch (n.op) {
    case 'scan':
      return;
    case 'distinct':
      if (n.keys === null) all(0);
      else {
        pass(0);
        for (const k of n.keys) of(inputOf(n)).add(k);
      }
      break;
    case 'window':
      pass(0);
      for (const e of windowExprs(n, out)) columnsOf(e, of(inputOf(n)));
      return;
    case 'union':
      n.inputs.forEach((_, i) => {
        pass(i);
      });
      break;
    case 'project':
      for (const o of n.outputs) if (out.has(o.name)) columnsOf(o.expr, of(inputOf(n)));
      return;
    case 'aggregate':
      for (const k of n.keys) columnsOf(k.expr, of(inputOf(n)));
      for (const a of n.aggregates) if (out.has(a.name)) for (const e of a.args) columnsOf(e, of(inputOf(n)));
      return;
    case 'join':
      pass(0);
      requireForJoin(n, out, of);
      break;
    default:
      if (PASSING.has(n.op)) pass(0);
      for (const name of readByName(n)) of(inputOf(n)).add(name);
      for (const i of readWhole(n)) all(i);
  }

  for (const { input, expr } of exprsOf(n)) columnsOf(expr, of(inputOf(n, input)));
}

/** Steps that give columns of their first input as they are. */
const PASSING: ReadonlySet<LogicalNode['op']> = new Set([
  'filter',
  'sort',
  'limit',
  'number',
  'place',
  'expect',
  'explode',
  'unpivot',
  'repeat',
  'predict',
  'call',
]);

/** Columns of the first input that a step names besides those of its expressions. */
function readByName(n: LogicalNode): readonly string[] {
  if (n.op === 'expect') return n.checks.flatMap((c) => c.shown);
  if (n.op === 'explode') return n.lists;
  if (n.op === 'repeat') return [n.count];
  return n.op === 'unpivot' ? n.columns.map((c) => c.column) : [];
}

/** Inputs of which a step reads all columns. */
function readWhole(n: LogicalNode): readonly number[] {
  switch (n.op) {
    case 'predict':
    case 'evaluate':
      return [1];
    case 'train':
      return n.inputs.length > 1 ? [1] : [];
    case 'trialTable':
    case 'map':
    case 'single':
      return [0];
    case 'sql':
      return [...n.inputs.keys()];
    default:
      return [];
  }
}

/** The node with only the needed outputs, its schema following its (narrowed) inputs. */
function narrow(n: LogicalNode, needed: ReadonlySet<string>, ctx: RuleContext): LogicalNode {
  const keep = (s: Schema): Schema => s.filter((f) => needed.has(f.name));
  switch (n.op) {
    case 'scan':
      // Which rows are rejected must not depend on which columns are used.
      if (n.source.options['on_error'] === 'reject') return n;
      return keep(n.schema).length === n.schema.length ? n : { ...n, schema: keep(n.schema) };
    case 'project':
      return n.outputs.every((o) => needed.has(o.name))
        ? n
        : { ...n, outputs: n.outputs.filter((o) => needed.has(o.name)), schema: keep(n.schema) };
    case 'aggregate':
      return n.aggregates.every((a) => needed.has(a.name))
        ? n
        : {
            ...n,
            aggregates: n.aggregates.filter((a) => needed.has(a.name)),
            schema: n.schema.filter((f) => needed.has(f.name) || n.keys.some((k) => k.name === f.name)),
          };
    case 'call':
      return fewerCalls(n, needed);
    case 'filter':
    case 'sort':
    case 'limit':
    case 'distinct':
    case 'expect':
      return followInput(n);
    case 'repeat':
    case 'explode':
    case 'unpivot': {
      const schema = operator(n.op).schema(n, [inputOf(n).schema]);
      return schema.length === n.schema.length ? n : { ...n, schema };
    }
    case 'place': {
      if (!needed.has(n.name)) return inputOf(n);
      const schema = [...inputOf(n).schema, ...n.schema.filter((f) => f.name === n.name)];
      return schema.length === n.schema.length ? n : { ...n, schema };
    }
    case 'window':
      return narrowWindow(n, needed);
    case 'union':
      return unionOfAligned(n, needed, ctx);
    case 'join': {
      const add = n.add.filter((a) => needed.has(a.name));
      const left = leftFields(n.kind, inputOf(n, 0).schema);
      const added = n.schema.filter((f) => add.some((a) => a.name === f.name));
      const schema = [...left, ...added];
      return schema.length === n.schema.length ? n : { ...n, add, schema };
    }
    case 'number': {
      if (!needed.has(n.as)) return inputOf(n);
      const schema = [...inputOf(n).schema, ...n.schema.filter((f) => f.name === n.as)];
      return schema.length === n.schema.length ? n : { ...n, schema };
    }
    case 'predict': {
      const own = n.schema.filter((f) => f.name === n.as || f.name === `${n.as}_prob`);
      if (!own.some((f) => needed.has(f.name))) return inputOf(n, 0);
      const schema = [...inputOf(n, 0).schema, ...own];
      return schema.length === n.schema.length ? n : { ...n, schema };
    }
    case 'map':
    case 'evaluate':
    case 'train':
    case 'trials':
    case 'trialTable':
    case 'sql':
    case 'table':
    case 'single':
      return n;
  }
}

function requireForJoin(n: JoinNode, out: ReadonlySet<string>, of: (n: LogicalNode) => Set<string>): void {
  for (const a of n.add) if (out.has(a.name)) of(inputOf(n, 1)).add(a.column);
  for (const r of n.right) of(inputOf(n, 1)).add(r.column);
  if (n.residual === null) return;
  const left = new Set(inputOf(n, 0).schema.map((f) => f.name));
  for (const c of columnsOf(n.residual)) if (left.has(c)) of(inputOf(n, 0)).add(c);
}

/** What a window reads in order to give some of its calls. */
function windowExprs(n: WindowNode, out: ReadonlySet<string>): Expr[] {
  return [...n.keys, ...orderOf(n).map((k) => k.expr), ...n.calls.filter((c) => out.has(c.name)).flatMap(callExprs)];
}

/** Calls nobody reads go; without any, and without rows to leave out, the window does nothing but change the order of rows, which nobody asked for. */
function narrowWindow(n: WindowNode, needed: ReadonlySet<string>): LogicalNode {
  const calls = n.calls.filter((c) => needed.has(c.name));
  if (calls.length === 0 && n.skip === 0 && n.take === null) return inputOf(n);
  const schema = [...inputOf(n).schema, ...n.schema.filter((f) => calls.some((c) => c.name === f.name))];
  return schema.length === n.schema.length ? n : { ...n, calls, schema };
}

function fewerCalls(n: CallNode, needed: ReadonlySet<string>): LogicalNode {
  const calls = n.calls.filter((c) => needed.has(c.name));
  if (calls.length === 0) return inputOf(n);
  const made = { ...n, calls };
  const schema = [...inputOf(n).schema, ...schemaOfCalls(made)];
  return schema.length === n.schema.length ? n : { ...made, schema };
}

function followInput<N extends LogicalNode>(n: N): N {
  const below = inputOf(n).schema;
  return below.length === n.schema.length ? n : { ...n, schema: below };
}

/** The inputs of a union keep equal schemas: one that carries more than is needed (because others read it too) is cut by a projection. */
function unionOfAligned(n: LogicalNode & { op: 'union' }, needed: ReadonlySet<string>, ctx: RuleContext): LogicalNode {
  const schema = n.schema.filter((f) => needed.has(f.name));
  if (schema.length === n.schema.length) return n;
  const inputs = n.inputs.map((x): LogicalNode => {
    if (x.schema.length === schema.length) return x;
    const outputs = schema.map((f) => ({
      name: f.name,
      expr: { kind: 'column', name: f.name, type: f.type, nullable: f.nullable } as const,
    }));
    return { id: ctx.nextId(), op: 'project', inputs: [x], outputs, schema, label: 'select' };
  });
  return { ...n, inputs, schema };
}
