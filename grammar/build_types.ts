/** Concrete syntax tree to AST: what all builders share, and types. */
import type { CstNode, IToken } from 'chevrotain';
import type { Expr, FunctionType, Name, Pipeline, StructType, TypeField, TypeNode } from './ast.ts';
import { needNode, needToken, nodeOf, nodeSpan, nodesOf, tokenOf, tokenSpan } from './cst.ts';
import { type Diagnostic, diagnostic } from './diagnostics.ts';
import { unescapeText } from './literals.ts';
import { syntax } from './syntax_codes.ts';
import * as T from './tokens.ts';

/** What the builders need from parse.ts. */
export interface BuildContext {
  readonly file: string;
  readonly report: (item: Diagnostic) => void;
  /** The pipeline a `Subpipeline` token stands for. */
  readonly pipeline: (token: IToken) => Pipeline;
  /** Parses the text of an interpolation that begins at offset `base` of the file. */
  readonly interpolation: (text: string, base: number) => Expr;
}

// ---------------------------------------------------------------------------------------------------- names

export function nameText(token: IToken): string {
  return token.tokenType === T.QuotedName ? unescapeText(token.image.slice(1, -1)).value : token.image;
}

export function buildName(ctx: BuildContext, token: IToken): Name {
  return { kind: 'name', span: tokenSpan(token, ctx.file), text: nameText(token) };
}

export function buildNameOrNull(ctx: BuildContext, token: IToken | null): Name | null {
  return token === null ? null : buildName(ctx, token);
}

/** Reports every name that stands twice in a list. */
export function checkUnique(ctx: BuildContext, what: string, names: readonly Name[]): void {
  const seen = new Map<string, Name>();
  for (const name of names) {
    const first = seen.get(name.text);
    if (first === undefined) seen.set(name.text, name);
    else {
      ctx.report(
        diagnostic(syntax.duplicateName, { name: name.text, what }, name.span, {
          related: [{ span: first.span, message: 'first written here' }],
        }),
      );
    }
  }
}

// ---------------------------------------------------------------------------------------------------- types

export function buildType(ctx: BuildContext, node: CstNode): TypeNode {
  const span = nodeSpan(node, ctx.file);
  const inner = buildPlainType(ctx, needNode(node, 'plainType'));
  return tokenOf(node, 'Question') === null ? inner : { kind: 'optionalType', span, inner };
}

function buildPlainType(ctx: BuildContext, node: CstNode): TypeNode {
  const list = nodeOf(node, 'listType');
  if (list !== null) {
    return { kind: 'listType', span: nodeSpan(list, ctx.file), element: buildType(ctx, needNode(list, 'element')) };
  }
  const map = nodeOf(node, 'mapType');
  if (map !== null) {
    const key = buildType(ctx, needNode(map, 'key'));
    return { kind: 'mapType', span: nodeSpan(map, ctx.file), key, value: buildType(ctx, needNode(map, 'value')) };
  }
  const struct = nodeOf(node, 'structType');
  if (struct !== null) return buildStructType(ctx, struct);
  const named = needNode(node, 'namedType');
  const args = nodesOf(named, 'typeArgument').map((argument): number | string => {
    const int = tokenOf(argument, 'Int');
    return int !== null
      ? Number(int.image.replaceAll('_', ''))
      : unescapeText(needToken(argument, 'PlainString').image.slice(1, -1)).value;
  });
  return { kind: 'typeName', span: nodeSpan(named, ctx.file), name: nameText(needToken(named, 'name')), args };
}

export function buildStructType(ctx: BuildContext, node: CstNode): StructType {
  const fields = nodesOf(node, 'typeField').map(
    (field): TypeField => ({
      kind: 'typeField',
      span: nodeSpan(field, ctx.file),
      name: buildName(ctx, needToken(field, 'name')),
      type: buildType(ctx, needNode(field, 'valueType')),
    }),
  );
  checkUnique(
    ctx,
    'the field',
    fields.map((field) => field.name),
  );
  return { kind: 'structType', span: nodeSpan(node, ctx.file), fields };
}

export function buildFunctionType(ctx: BuildContext, node: CstNode): FunctionType {
  return {
    kind: 'functionType',
    span: nodeSpan(node, ctx.file),
    params: nodesOf(node, 'params').map((item) => buildType(ctx, item)),
    result: buildType(ctx, needNode(node, 'result')),
  };
}
