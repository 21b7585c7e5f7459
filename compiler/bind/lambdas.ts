import type { Expr, LambdaExpr, LocalExpr } from '../../engine/expr.ts';
import type { LambdaParams } from '../../engine/functions/def.ts';
import { findFunction } from '../../engine/functions/registry.ts';
import { type DataType, type Typed, typeEquals } from '../../engine/types.ts';
import type * as Ast from '../../grammar/ast.ts';
import { codes } from '../diagnostics.ts';
import { isUnknown, unknown } from './exprs.ts';
import { show } from './invoke.ts';
import { type Env, innerScope } from './scope.ts';

export function strayLambda(env: Env, node: Ast.Lambda): Expr {
  env.ctx.report(codes.misplaced, { what: 'a lambda', where: 'here' }, node.span);
  return unknown();
}

/** Times that the parameters of a lambda may change with the type of its body. */
const TRIES = 4;

/** The arguments of a call, one of which at least is a lambda. */
export function bindWithLambda(env: Env, name: string, nodes: readonly Ast.Expr[]): Expr[] {
  const { ctx } = env;
  const def = findFunction(name);
  const takes = def?.lambda;
  const at = takes?.at ?? -1;
  for (const [i, node] of nodes.entries()) {
    if (node.kind !== 'lambda' || i === at) continue;
    const why = takes === undefined ? 'takes no lambda' : 'takes its lambda in another place';
    ctx.report(codes.badArguments, { name, why }, node.span, { notes: [`it is written ${def?.signature ?? ''}`] });
  }
  const args = nodes.map((node) => (node.kind === 'lambda' ? unknown() : env.bind(node)));
  const node = nodes[at];
  if (takes === undefined || node?.kind !== 'lambda') return args;
  if (args.some((arg, i) => i !== at && isUnknown(arg))) return args;
  return args.map((arg, i) => (i === at ? bindLambda(env, name, takes, args, node) : arg));
}

function bindLambda(env: Env, name: string, takes: LambdaParams, args: readonly Expr[], node: Ast.Lambda): Expr {
  const { ctx } = env;
  const types = args.map((arg, i): DataType | undefined => (i === takes.at ? undefined : arg.type));
  let given = takes.params(types, null);
  for (let tries = 0; given !== null && !('error' in given) && tries < TRIES; tries++) {
    if (node.params.length > given.length) {
      const why = `takes a lambda of ${given.length === 1 ? 'one parameter' : `up to ${given.length} parameters`}, not ${node.params.length}`;
      ctx.report(codes.badArguments, { name, why }, node.span, { notes: written(name) });
      return unknown();
    }
    const bound = bindBody(env, given, node);
    if (isUnknown(bound.body)) return unknown();
    const next = takes.params(types, bound.body.type);
    if (next === null || 'error' in next || sameParams(given, next)) {
      given = next;
      if (next !== null && !('error' in next)) return bound;
    } else given = next;
  }
  if (given !== null && 'error' in given) {
    ctx.report(codes.badArguments, { name, why: `does not fit: ${given.error}` }, node.span, { notes: written(name) });
    return unknown();
  }
  ctx.report(codes.noOverload, { name, types: args.filter((_, i) => i !== takes.at).map(show) }, node.span, {
    notes: written(name),
  });
  return unknown();
}

function written(name: string): string[] {
  return [`it is written ${findFunction(name)?.signature ?? ''}`];
}

function sameParams(a: readonly Typed[], b: readonly Typed[]): boolean {
  return a.every((param, i) => typeEquals(param.type, (b[i] ?? param).type));
}

/** Aggregates have no place in it: it is about one item of one row. */
function bindBody(env: Env, given: readonly Typed[], node: Ast.Lambda): LambdaExpr {
  noteHidden(env, node);
  const params = node.params.map(
    (param, i): LocalExpr => ({ kind: 'local', name: param.text, level: env.level + i, ...(given[i] as Typed) }),
  );
  const scope = innerScope(env.scope, new Map(params.map((param) => [param.name, param])));
  const body = env.within({ scope, aggregate: null, window: null, level: env.level + params.length }).bind(node.body);
  return { kind: 'lambda', params, body, type: body.type, nullable: false };
}

/** What a function of the file is called with counts as a column, too: lints tell its parameters by their names. */
function noteHidden({ ctx, scope }: Env, { params }: Ast.Lambda): void {
  for (const param of params) {
    const other = scope.lookup(param.text);
    if (other === undefined || isUnknown(other)) continue;
    ctx.hidden.set(param, other.kind === 'local' ? 'lambda' : 'column');
  }
}
