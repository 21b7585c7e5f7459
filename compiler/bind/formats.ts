import type { LiteralValue } from '../../engine/expr.ts';
import type { FormatDef, FormatOption } from '../../engine/formats/def.ts';
import type { Arg, FormatCall, Span } from '../../grammar/ast.ts';
import { suggest } from '../../grammar/suggest.ts';
import { codes } from '../diagnostics.ts';
import { isAllowed } from './access.ts';
import { bindConstant } from './constants.ts';
import type { Context } from './context.ts';
import { isUnknown } from './exprs.ts';
import { show } from './invoke.ts';

type Use = 'read' | 'write';

/** `csv("x.csv", delimiter: ";")` with its arguments evaluated and checked. */
export interface CheckedFormat {
  readonly format: FormatDef;
  readonly path: string | readonly string[];
  readonly pathSpan: Span;
  /** Only what was written: a format knows its defaults. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Null when something is wrong with it; everything that is has been reported. */
export function checkFormat(ctx: Context, node: FormatCall, use: Use): CheckedFormat | null {
  const { formats } = ctx.catalog;
  const name = node.format.text;
  const format = Object.hasOwn(formats, name) ? formats[name] : undefined;
  if (format === undefined) {
    reportFormat(ctx, node, use);
    return null;
  }
  if ((use === 'read' ? format.reader : format.writer) === null) {
    ctx.report(codes.formatDirection, { format: name, verb: use === 'read' ? 'read' : 'written' }, node.format.span);
    return null;
  }
  const [first, ...rest] = node.args;
  const path =
    first?.name === null || first?.name.text === 'path' ? pathOf(ctx, node, first, use) : missingPath(ctx, node);
  const options: Record<string, unknown> = {};
  let fits = path !== null;
  for (const arg of first?.name === null || first?.name.text === 'path' ? rest : node.args) {
    const option = checkOption(ctx, format, arg, use);
    if (option === null) fits = false;
    else if (Object.hasOwn(options, option.name)) {
      ctx.report(
        codes.badOption,
        { format: name, name: option.name, expected: 'given once', found: 'the second time' },
        arg.span,
      );
    } else options[option.name] = option.value;
  }
  if (
    typeof path === 'string' &&
    use === 'write' &&
    !isAllowed(ctx, 'write', path, path, first?.value.span ?? node.span)
  )
    return null;
  return fits && path !== null && first !== undefined ? { format, path, pathSpan: first.value.span, options } : null;
}

function reportFormat(ctx: Context, node: FormatCall, use: Use): void {
  const name = node.format.text;
  const names = Object.values(ctx.catalog.formats).filter((def) => def[use === 'read' ? 'reader' : 'writer'] !== null);
  const functions = use === 'read' ? [...ctx.declared.host.keys()] : [];
  const near = suggest(name, [...functions, ...names.map((def) => def.name)]);
  ctx.report(codes.unknownFormat, { name }, node.format.span, {
    notes: [
      `formats: ${names.map((def) => def.name).join(', ')}`,
      ...(functions.length === 0 ? [] : [`functions that \`use\` brings in: ${functions.join(', ')}`]),
    ],
    suggestion: near === null ? undefined : { text: `did you mean \`${near}\`?`, replacement: near },
  });
}

function missingPath(ctx: Context, node: FormatCall): null {
  ctx.report(codes.badPath, { format: node.format.text, why: 'needs a path as its first argument' }, node.span);
  return null;
}

function pathOf(ctx: Context, node: FormatCall, arg: Arg | undefined, use: Use): string | readonly string[] | null {
  if (arg === undefined) return missingPath(ctx, node);
  const e = bindConstant(ctx, arg.value, 'a path');
  if (isUnknown(e)) return null;
  if (typeof e.value === 'string' && e.type.kind === 'string' && e.value !== '') return e.value;
  if (use === 'read' && isTextList(e.value) && e.value.length > 0) return e.value;
  const why = e.value === '' ? 'cannot have an empty path' : `takes a path as text, and this is ${show(e)}`;
  ctx.report(codes.badPath, { format: node.format.text, why }, arg.value.span);
  return null;
}

function checkOption(ctx: Context, format: FormatDef, arg: Arg, use: Use): { name: string; value: unknown } | null {
  if (arg.name === null) {
    const why = 'takes its options by name, behind the path';
    ctx.report(codes.badPath, { format: format.name, why }, arg.span);
    return null;
  }
  const name = arg.name.text;
  const fitting = format.options.filter((option) => option.for === 'both' || option.for === use);
  const option = fitting.find((one) => one.name === name);
  if (option === undefined) {
    const near = suggest(
      name,
      fitting.map((one) => one.name),
    );
    const params = { format: format.name, name, use: use === 'read' ? 'reading' : 'writing' };
    ctx.report(codes.unknownOption, params, arg.name.span, {
      notes: [fitting.length === 0 ? 'it has none' : `options: ${fitting.map((one) => one.name).join(', ')}`],
      suggestion: near === null ? undefined : { text: `did you mean \`${near}\`?`, replacement: near },
    });
    return null;
  }
  const e = bindConstant(ctx, arg.value, 'an option');
  if (isUnknown(e)) return null;
  const value = optionValue(option, e.value);
  if (value !== undefined) return { name, value };
  const found = option.values !== undefined && typeof e.value === 'string' ? `"${e.value}"` : show(e);
  ctx.report(codes.badOption, { format: format.name, name, expected: expectedOf(option), found }, arg.value.span);
  return null;
}

/** The value as the format takes it; undefined when it does not fit. */
function optionValue(option: FormatOption, value: LiteralValue): unknown {
  if (option.type === 'strings') {
    if (typeof value === 'string') return [value];
    return isTextList(value) ? value : undefined;
  }
  if (option.type === 'int') return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
  if (option.type === 'bool') return typeof value === 'boolean' ? value : undefined;
  if (typeof value !== 'string') return undefined;
  return option.values === undefined || option.values.includes(value) ? value : undefined;
}

function expectedOf(option: FormatOption): string {
  if (option.values !== undefined) return `one of ${option.values.map((value) => `"${value}"`).join(', ')}`;
  return { string: 'a text', bool: 'true or false', int: 'an int', strings: 'a list of texts' }[option.type];
}

function isTextList(value: LiteralValue): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
