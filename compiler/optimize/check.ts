import { EngineBug } from '../../engine/errors.ts';
import { type Expr, walkExpr } from '../../engine/expr.ts';
import { leftFields } from '../../engine/operators/params.ts';
import { operator } from '../../engine/operators/registry.ts';
import { type Field, field, formatType, type Schema, T, typeEquals } from '../../engine/types.ts';
import type { CallNode, LogicalNode, LogicalPlan } from '../logical.ts';
import { inputOf, topological } from '../plan_tree.ts';
import { exprsOf } from './node_exprs.ts';

type Complain = (what: string) => never;

/** Asserts that every column an expression names is there with its type, and that schemas follow from inputs; run after each rule. */
export function checkPlan(plan: LogicalPlan, after: string): void {
  for (const n of topological(plan)) {
    const complain: Complain = (what) => {
      throw new EngineBug(`after ${after}: node ${n.id} (${n.label}): ${what}`);
    };
    for (const { input, expr } of exprsOf(n)) checkColumns(expr, inputOf(n, input).schema, complain);
    const names = new Set(n.schema.map((f) => f.name));
    if (names.size !== n.schema.length) complain('two columns have one name');
    checkSchema(n, complain);
  }
}

/** What a flow yields must not depend on the rules. */
export function checkOutputs(before: LogicalPlan, after: LogicalPlan): void {
  before.outputs.forEach((o, i) => {
    const found = after.outputs[i]?.input.schema ?? [];
    const same = found.length === o.input.schema.length && o.input.schema.every((f, k) => isField(found[k], f));
    if (!same) throw new EngineBug(`the rules changed the columns of output ${i}`);
  });
}

function isField(a: Field | undefined, b: Field): boolean {
  return a !== undefined && a.name === b.name && typeEquals(a.type, b.type);
}

function checkColumns(e: Expr, schema: Schema, complain: Complain): void {
  walkExpr(e, (x) => {
    if (x.kind !== 'column') return;
    const f = schema.find((one) => one.name === x.name);
    if (f === undefined) complain(`column ${x.name} is not in its input`);
    else if (!typeEquals(f.type, x.type))
      complain(`column ${x.name} is read as ${formatType(x.type)}, and is ${formatType(f.type)}`);
  });
}

function checkSchema(n: LogicalNode, complain: Complain): void {
  const expected = schemaOf(n, complain);
  if (expected === null) return;
  if (expected.length !== n.schema.length || !expected.every((f, i) => isField(n.schema[i], f))) {
    complain(`its schema is [${text(n.schema)}], what it yields is [${text(expected)}]`);
  }
}

function text(s: Schema): string {
  return s.map((f) => `${f.name}: ${formatType(f.type)}`).join(', ');
}

/** The columns a node yields, as far as they follow from its inputs and parameters. */
function schemaOf(n: LogicalNode, complain: Complain): Schema | null {
  switch (n.op) {
    case 'filter':
    case 'sort':
    case 'limit':
    case 'single':
    case 'expect':
      return inputOf(n).schema;
    case 'distinct':
      for (const k of n.keys ?? []) if (!n.schema.some((f) => f.name === k)) complain(`key ${k} is not in its input`);
      return inputOf(n).schema;
    case 'union':
      for (const x of n.inputs) if (x.schema.length !== n.schema.length) complain('its inputs have different schemas');
      for (const x of n.inputs)
        if (!x.schema.every((f, i) => isField(n.schema[i], f))) complain('its inputs have different schemas');
      return null;
    case 'call':
      return [...inputOf(n).schema, ...schemaOfCalls(n)];
    case 'repeat':
    case 'explode':
    case 'unpivot':
      return operator(n.op).schema(n, [inputOf(n).schema]);
    case 'place':
      return [...inputOf(n).schema, field(n.name, T.int, false)];
    case 'window':
      return [...inputOf(n).schema, ...n.calls.map(({ name, type, nullable }) => ({ name, type, nullable }))];
    case 'project':
      return n.outputs.map((o) => ({ name: o.name, type: o.expr.type, nullable: o.expr.nullable }));
    case 'aggregate':
      return [
        ...n.keys.map((k) => ({ name: k.name, type: k.expr.type, nullable: k.expr.nullable })),
        ...n.aggregates.map((a) => ({ name: a.name, type: a.type, nullable: a.nullable })),
      ];
    case 'join':
      return joinSchema(n, complain);
    case 'number':
      return [...inputOf(n).schema, ...n.schema.filter((f) => f.name === n.as)];
    case 'predict':
      return [...inputOf(n).schema, ...n.schema.filter((f) => f.name === n.as || f.name === `${n.as}_prob`)];
    case 'map':
    case 'scan':
    case 'train':
    case 'trials':
    case 'trialTable':
    case 'sql':
    case 'table':
    case 'evaluate':
      return null;
  }
}

/** What a `call` adds. */
export function schemaOfCalls({ calls }: CallNode): Schema {
  return calls.map(({ name, expr }) => ({ name, type: expr.type, nullable: expr.nullable }));
}

function joinSchema(n: LogicalNode & { op: 'join' }, complain: Complain): Schema {
  const left = inputOf(n, 0).schema;
  const right = inputOf(n, 1).schema;
  const fieldOf = (name: string, column: string): Field => {
    const f = right.find((x) => x.name === column);
    if (f === undefined) return complain(`column ${column} is not in its right side`);
    return { ...f, name };
  };
  const seen = n.right.map((r) => fieldOf(r.name, r.column));
  if (n.residual !== null) checkColumns(n.residual, [...left, ...seen], complain);
  return [...leftFields(n.kind, left), ...n.add.map((a) => fieldOf(a.name, a.column))];
}
