import { RunError } from '../../engine/errors.ts';
import { evaluateConstant } from '../../engine/expr/compile.ts';
import type { LiteralExpr } from '../../engine/expr.ts';
import { implicitCost } from '../../engine/functions/types.ts';
import { formatType, T, type Typed, type TypeKind } from '../../engine/types.ts';
import type { ParamStatement } from '../../grammar/ast.ts';
import { suggest } from '../../grammar/suggest.ts';
import { codes } from '../diagnostics.ts';
import { castExists, castTo, foldConstant } from './casts.ts';
import { bindConstant } from './constants.ts';
import type { Context } from './context.ts';
import { isUnknown, literal, unknown } from './exprs.ts';
import { show } from './invoke.ts';
import { bindType } from './types.ts';

/** Gives every parameter its value: the text of the command line read as its type, or else its default. In the order written. */
export function bindParams(
  ctx: Context,
  statements: readonly ParamStatement[],
  given: Readonly<Record<string, string>>,
): void {
  for (const statement of statements) {
    const name = statement.name.text;
    const typed = bindType(ctx, statement.type);
    const text = Object.hasOwn(given, name) ? given[name] : undefined;
    const value = typed === null ? unknown() : valueOf(ctx, statement, typed, text);
    if (!ctx.declared.params.has(name)) ctx.declared.params.set(name, { statement, value });
  }
  const names = [...ctx.declared.params.keys()];
  for (const name of Object.keys(given)) {
    if (ctx.declared.params.has(name)) continue;
    const near = suggest(name, names);
    ctx.report(
      codes.paramNotDeclared,
      { name },
      { file: ctx.file.span.file, start: 0, end: 0 },
      {
        notes: [names.length === 0 ? 'it declares none' : `it has ${names.join(', ')}`],
        suggestion: near === null ? undefined : { text: `did you mean -p ${near}=…?` },
      },
    );
  }
}

function valueOf(ctx: Context, statement: ParamStatement, typed: Typed, text: string | undefined): LiteralExpr {
  // The default is checked even where a value is given: the file is wrong either way.
  const fallback = statement.default === null ? null : defaultOf(ctx, statement, typed);
  if (text !== undefined) return fromText(ctx, statement, typed, text);
  if (fallback !== null) return fallback;
  if (typed.nullable) return literal(typed.type, null);
  const { name } = statement;
  ctx.report(codes.paramMissing, { name: name.text, type: formatType(typed.type) }, name.span, {
    suggestion: { text: `run with -p ${name.text}=…, or give it a default` },
  });
  return { ...unknown() };
}

function fromText(ctx: Context, statement: ParamStatement, typed: Typed, text: string): LiteralExpr {
  if (typed.type.kind === 'string') return literal(typed.type, text);
  const name = statement.name.text;
  const params = { name, type: formatType(typed.type), value: text };
  if (!castExists(T.string, typed.type)) {
    ctx.report(codes.badParamValue, params, statement.name.span, {
      notes: ['a value of this type can only be a default'],
    });
    return unknown();
  }
  try {
    const value = evaluateConstant({
      kind: 'cast',
      arg: literal(T.string, text),
      safe: false,
      type: typed.type,
      nullable: false,
    });
    return literal(typed.type, value);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    const form = FORMS[typed.type.kind];
    const notes = form === undefined ? [] : [`it is written ${form}`];
    ctx.report(codes.badParamValue, params, statement.name.span, { notes });
    return unknown();
  }
}

/** How the text of a parameter is written, where not any text will do. */
const FORMS: Readonly<Partial<Record<TypeKind, string>>> = {
  bool: 'true or false',
  int: 'in digits: -p name=42',
  float: 'in digits: -p name=0.5',
  decimal: 'in digits: -p name=12.50',
  date: '-p name=2024-05-01',
  time: '-p name=12:30:00',
  timestamp: '-p name=2024-05-01T12:30:00Z',
};

function defaultOf(ctx: Context, statement: ParamStatement, typed: Typed): LiteralExpr {
  const node = statement.default;
  if (node === null) return unknown();
  const e = bindConstant(ctx, node, 'the default of a parameter');
  if (isUnknown(e)) return e;
  const fits = implicitCost(e.type, typed.type) !== null && (e.value !== null || typed.nullable);
  if (fits) return foldConstant(ctx, castTo(e, typed.type), node.span);
  const expected = formatType(typed.type, typed.nullable);
  ctx.report(
    codes.wrongType,
    { what: `the parameter \`${statement.name.text}\``, expected, found: show(e) },
    node.span,
  );
  return unknown();
}
