import { RunError } from '../../engine/errors.ts';
import { evaluateConstant } from '../../engine/expr/compile.ts';
import type { LiteralExpr, LiteralValue } from '../../engine/expr.ts';
import { implicitCost } from '../../engine/functions/types.ts';
import { type DataType, formatType, T, type Typed, type TypeKind } from '../../engine/types.ts';
import type { ParamStatement } from '../../grammar/ast.ts';
import { suggest } from '../../grammar/suggest.ts';
import { codes } from '../diagnostics.ts';
import { castExists, castTo, foldConstant } from './casts.ts';
import { bindConstant } from './constants.ts';
import type { Context } from './context.ts';
import { isUnknown, literal, unknown } from './exprs.ts';
import { show } from './invoke.ts';
import { reportMissing } from './scope.ts';
import { bindType } from './types.ts';

/** Of a file that is imported, or of the one that imports: `elsewhere` are the parameters of the others. */
export type ParamFile =
  | { readonly imported: true }
  | { readonly imported: false; readonly elsewhere: readonly string[] };

/**
 * Gives every parameter its value: the text of the command line read as its type, or else its default. In the order written. One of an imported file that has no value is
 * reported where it is used.
 */
export function bindParams(
  ctx: Context,
  statements: readonly ParamStatement[],
  given: Readonly<Record<string, string | null>>,
  file: ParamFile,
): void {
  for (const statement of statements) {
    const name = statement.name.text;
    const typed = bindType(ctx, statement.type);
    const text = Object.hasOwn(given, name) ? given[name] : undefined;
    const value = typed === null ? unknown() : valueOf(ctx, statement, typed, text);
    const missing = typed !== null && value === null ? typed : null;
    if (missing !== null && !file.imported) reportMissing(ctx, statement, missing);
    if (!ctx.declared.params.has(name)) {
      ctx.declared.params.set(name, { statement, value: value ?? unknown(), missing: file.imported ? missing : null });
    }
  }
  if (file.imported) return;
  const names = [...ctx.declared.params.keys(), ...file.elsewhere];
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
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

/** null: it has none. */
function valueOf(
  ctx: Context,
  statement: ParamStatement,
  typed: Typed,
  text: string | null | undefined,
): LiteralExpr | null {
  // The default is checked even where a value is given: the file is wrong either way.
  const fallback = statement.default === null ? null : defaultOf(ctx, statement, typed);
  if (text !== undefined) return fromText(ctx, statement, typed, text);
  if (fallback !== null) return fallback;
  return typed.nullable ? literal(typed.type, null) : null;
}

function fromText(ctx: Context, statement: ParamStatement, typed: Typed, text: string | null): LiteralExpr {
  const name = statement.name.text;
  const params = { name, type: formatType(typed.type, typed.nullable), value: text ?? 'null' };
  try {
    const value = text === null ? null : valueOfText(typed.type, text);
    if (value !== null || typed.nullable) return literal(typed.type, value);
    ctx.report(codes.badParamValue, params, statement.name.span);
  } catch (error) {
    if (!(error instanceof RunError) && !(error instanceof SyntaxError)) throw error;
    const form = FORMS[typed.type.kind];
    const notes = form === undefined ? [] : [`it is written ${form}`];
    ctx.report(codes.badParamValue, params, statement.name.span, { notes });
  }
  return unknown();
}

/** Throws RunError or SyntaxError for a text that is no value of the type. */
function valueOfText(type: DataType, text: string): LiteralValue {
  if (type.kind === 'string') return text;
  if (type.kind === 'list' || type.kind === 'struct') return valueOfJson(type, JSON.parse(text));
  if (!castExists(T.string, type)) throw new SyntaxError(`no text is a ${formatType(type)}`);
  return evaluateConstant({ kind: 'cast', arg: literal(T.string, text), safe: false, type, nullable: false });
}

function valueOfJson(type: DataType, json: unknown): LiteralValue {
  if (json === null) return null;
  if (type.kind === 'list' && Array.isArray(json)) return json.map((item) => inner(type.item, item));
  if (type.kind === 'struct' && typeof json === 'object' && !Array.isArray(json)) {
    const members = new Map(Object.entries(json));
    if ([...members.keys()].some((name) => !type.fields.some((f) => f.name === name))) throw misfit(type, json);
    return Object.fromEntries(type.fields.map((f) => [f.name, inner(f, members.get(f.name) ?? null)]));
  }
  const nested = type.kind === 'list' || type.kind === 'struct' || typeof json === 'object';
  if (nested || (type.kind === 'string' && typeof json !== 'string')) throw misfit(type, json);
  return valueOfText(type, String(json));
}

function inner({ type, nullable }: Typed, json: unknown): LiteralValue {
  const value = valueOfJson(type, json);
  if (value === null && !nullable) throw misfit(type, json);
  return value;
}

function misfit(type: DataType, json: unknown): SyntaxError {
  return new SyntaxError(`${JSON.stringify(json)} is no ${formatType(type)}`);
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
  list: "as JSON: -p name='[1, 2]'",
  struct: 'as JSON: -p name=\'{"a": 1}\'',
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
