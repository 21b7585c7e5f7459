import { EngineBug } from '../../engine/errors.ts';
import { columnsOf } from '../../engine/expr.ts';
import { formatType, typeEquals } from '../../engine/types.ts';
import type { LogicalNode, LogicalPlan } from '../logical.ts';
import { inputOf, topological } from '../plan_tree.ts';
import { exprsOf } from './node_exprs.ts';

/** Asserts that every column an expression names is there with its type, and that schemas follow from inputs; run after each rule. */
export function checkPlan(plan: LogicalPlan, after: string): void {
  for (const n of topological(plan)) {
    const complain = (what: string): never => {
      throw new EngineBug(`after ${after}: node ${n.id} (${n.label}): ${what}`);
    };
    for (const { input, expr } of exprsOf(n)) {
      const schema = inputOf(n, input).schema;
      for (const name of columnsOf(expr)) if (!schema.some((f) => f.name === name)) complain(`column ${name} is not in its input`);
    }
    const names = new Set(n.schema.map((f) => f.name));
    if (names.size !== n.schema.length) complain('two columns have one name');
    checkSchema(n, complain);
  }
}

function checkSchema(n: LogicalNode, complain: (what: string) => never): void {
  if (n.op === 'filter' || n.op === 'sort' || n.op === 'limit' || n.op === 'distinct') {
    const below = inputOf(n).schema;
    if (below.length !== n.schema.length || below.some((f, i) => f.name !== n.schema[i]?.name)) complain('its schema is not its input\'s');
  }
  if (n.op === 'project') {
    n.outputs.forEach((o, i) => {
      const f = n.schema[i];
      if (f === undefined || f.name !== o.name) complain(`output ${o.name} is not in its schema`);
      else if (!typeEquals(f.type, o.expr.type)) complain(`output ${o.name} is ${formatType(o.expr.type)}, its schema says ${formatType(f.type)}`);
    });
  }
  if (n.op === 'union') {
    for (const x of n.inputs) {
      if (x.schema.length !== n.schema.length || x.schema.some((f, i) => f.name !== n.schema[i]?.name)) complain('its inputs have different schemas');
    }
  }
}
