/** What a file declares, and what it imports from others. */

import type { ImportStatement, Name, ParamStatement, Span, Statement } from '../../grammar/ast.ts';
import { codes } from '../diagnostics.ts';
import type { Context } from './context.ts';
import { declareUse } from './host.ts';

/** Reports the second declaration of a name. `what`: "let", "parameter", "schema" or "function". */
export type IsNew = (what: string, name: Name) => boolean;

export interface Collected {
  readonly params: readonly ParamStatement[];
  readonly imports: readonly ImportStatement[];
  readonly isNew: IsNew;
}

/** Registers what the file declares, under the first declaration of each name; gives the parameters (duplicates left out) and the imports, which others see to. */
export function collect(ctx: Context, statements: readonly Statement[]): Collected {
  const { lets, schemas, fns, opaque } = ctx.declared;
  const params = new Map<string, ParamStatement>();
  const imports: ImportStatement[] = [];
  const isNew = newNames(ctx);
  for (const statement of statements) {
    ctx.homes.set(statement, ctx);
    switch (statement.kind) {
      case 'let':
        for (const name of statement.names)
          if (isNew('let', name)) lets.set(name.text, { name, statement, state: 'new', rows: null });
        break;
      case 'param':
        if (isNew('parameter', statement.name)) params.set(statement.name.text, statement);
        break;
      case 'schema':
        if (isNew('schema', statement.name)) schemas.set(statement.name.text, { statement, state: 'new', type: null });
        break;
      case 'fn':
        if (isNew('function', statement.name)) fns.set(statement.name.text, statement);
        break;
      case 'use':
        declareUse(ctx, statement, isNew);
        break;
      case 'import':
        imports.push(statement);
        break;
      case 'errorStatement':
        for (const name of statement.names) opaque.add(name.text);
        break;
      case 'pipeline':
        break;
    }
  }
  return { params: [...params.values()], imports, isNew };
}

function newNames(ctx: Context): IsNew {
  const firsts = new Map<string, Span>();
  return (what, name) => {
    const first = firsts.get(`${what} ${name.text}`);
    if (first === undefined) {
      firsts.set(`${what} ${name.text}`, name.span);
      return true;
    }
    ctx.report(codes.declaredTwice, { what, name: name.text }, name.span, {
      related: [{ span: first, message: 'first declared here' }],
    });
    return false;
  };
}
