/** Parameters of built flows: which declaration stands behind a `$name`. */
import type * as Ast from '../../grammar/ast.ts';
import { rewrite, walk } from '../../grammar/walk.ts';
import { make, name } from './nodes.ts';
import { parseType } from './text.ts';

/** By the node, not by its name: flows of one process may have different parameters of the same name. */
const declarations = new WeakMap<Ast.Node, Ast.ParamStatement>();

/** `$name`, with its declaration. */
export function declareParam(paramName: string, type: string, fallback: Ast.Expr | null): Ast.ParamRef {
  const ref = make('paramRef', { name: paramName });
  declarations.set(ref, make('param', { name: name(paramName), type: parseType(type), default: fallback }));
  return ref;
}

/** An expression read from text, in which the parameters of `given` stand by their names: they are put back, with their declarations. */
export function adoptParams(parsed: Ast.Expr, given: readonly Ast.Expr[]): Ast.Expr {
  const known = refsIn(given);
  return known.size === 0
    ? parsed
    : rewrite(parsed, (one) => (one.kind === 'paramRef' ? (known.get(one.name) ?? one) : one));
}

/** The declarations that these statements need, in the order of their first use. */
export function paramsOf(statements: readonly Ast.Statement[]): readonly Ast.ParamStatement[] {
  return [...refsIn(statements).values()].flatMap((ref) => declarations.get(ref) ?? []);
}

/** References to declared parameters, by name; one that is only written in text (`'n > $min'`) has no declaration. Error when two parameters share a name. */
function refsIn(nodes: readonly Ast.Node[]): ReadonlyMap<string, Ast.ParamRef> {
  const refs = new Map<string, Ast.ParamRef>();
  for (const node of nodes) {
    walk(node, (one) => {
      if (one.kind !== 'paramRef' || !declarations.has(one)) return;
      const known = refs.get(one.name);
      if (known !== undefined && declarations.get(known) !== declarations.get(one)) {
        throw new Error(`two different parameters are called ${one.name}`);
      }
      refs.set(one.name, one);
    });
  }
  return refs;
}
