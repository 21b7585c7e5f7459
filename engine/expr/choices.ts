import type { Expr, NamedExpr } from '../expr.ts';
import type { Field, Schema } from '../types.ts';
import type { Form } from './forms.ts';
import type { Slot } from './gen.ts';
import { Kernel } from './kernel.ts';
import { hasLambda } from './lambdas.ts';
import { fewColumns } from './nodes.ts';
import { readPaths } from './paths.ts';
import { codedChoice } from './units.ts';

/** How an expression of a stage is computed. */
export interface KernelChoice {
  /** The output it is for; null for the filter. */
  readonly name: string | null;
  readonly expr: Expr;
  /** `wasm`: native code over batches in shared memory. `js`: generated JavaScript. */
  readonly how: 'wasm' | 'js';
  /** Why it is left to JavaScript, or what native code asks of the data; null where there is nothing to say. */
  readonly reason: string | null;
}

/**
 * How a filter and outputs will be computed, as far as that can be told without data: texts are taken to come with dictionaries, and decimals
 * to fit 64 bits where their type does. Columns passed through and constants are left out: nothing is computed for them.
 */
export function kernelChoices(filter: Expr | null, outputs: readonly NamedExpr[], input: Schema): KernelChoice[] {
  const tested = filter === null ? [] : choiceOf('filter', null, filter, input);
  const computed = outputs.filter(({ expr }) => expr.kind !== 'column' && fewColumns(expr).size > 0);
  return [...tested, ...computed.flatMap(({ name, expr }) => choiceOf('project', name, expr, input))];
}

function choiceOf(kind: 'filter' | 'project', name: string | null, expr: Expr, input: Schema): KernelChoice[] {
  if (hasLambda(expr)) return [{ name, expr, how: 'js', reason: 'a lambda' }];
  const { exprs, schema } = readPaths([expr], input);
  const read = exprs[0] as Expr;
  if (kind === 'project' && read.kind === 'column') return [];
  const kernel = new Kernel(kind, [codedChoice(read) ?? read], schema);
  const [reason = null] = kernel.reasons(assumed);
  if (reason !== null) return [{ name, expr, how: 'js', reason }];
  const texts = schema.some((f) => f.type.kind === 'string' && kernel.reads(f.name));
  return [{ name, expr, how: 'wasm', reason: texts ? 'while its texts have dictionaries' : null }];
}

/** How a column is taken to come. */
export function assumed({ name, type }: Field): Slot {
  return { name, type, form: assumedForm(type), nullable: true, lift: true };
}

/** Digits that always fit 64 bits. */
const I64_DIGITS = 18;

function assumedForm(t: Field['type']): Form {
  switch (t.kind) {
    case 'bool':
      return 'bool';
    case 'float':
      return 'f64';
    case 'date':
      return 'i32';
    case 'int':
    case 'time':
    case 'timestamp':
      return 'i64';
    case 'decimal':
      return t.precision > I64_DIGITS ? 'i128' : 'i64';
    case 'string':
      return 'dict';
    case 'null':
      return 'null';
    default:
      return 'value';
  }
}
