/** Concrete syntax tree to AST: relations, lists of items, and the heads of statements. */
import type { CstNode, IToken } from 'chevrotain';
import type {
  Expr,
  FnParam,
  FormatCall,
  From,
  ImportItem,
  Name,
  NamedExpr,
  Relation,
  RelationName,
  SelectItem,
  SqlSource,
  StringLiteral,
  UseItem,
} from './ast.ts';
import { buildArguments, buildExpr } from './build_expr.ts';
import { buildString } from './build_literals.ts';
import {
  type BuildContext,
  buildFunctionType,
  buildName,
  buildNameOrNull,
  buildType,
  checkUnique,
  nameText,
} from './build_types.ts';
import { needNode, needToken, nodeOf, nodeSpan, nodesOf, tokenOf, tokenSpan, tokensOf } from './cst.ts';
import * as T from './tokens.ts';

export function namedExpr(ctx: BuildContext, node: CstNode): NamedExpr {
  return {
    kind: 'namedExpr',
    span: nodeSpan(node, ctx.file),
    name: buildNameOrNull(ctx, tokenOf(node, 'name')),
    value: buildExpr(ctx, needNode(node, 'expression')),
  };
}

/** The items of `node`'s list of that name, [] where there is none. */
export function namedExprs(ctx: BuildContext, node: CstNode, key = 'namedExprs'): NamedExpr[] {
  const list = nodeOf(node, key);
  return list === null ? [] : nodesOf(list, 'namedExpr').map((item) => namedExpr(ctx, item));
}

export function selectItems(ctx: BuildContext, node: CstNode): SelectItem[] {
  return nodesOf(needNode(node, 'selectItems'), 'selectItem').map((item): SelectItem => {
    const span = nodeSpan(item, ctx.file);
    const star = nodeOf(item, 'star');
    if (star !== null) {
      return { kind: 'star', span, except: tokensOf(star, 'except').map((token) => buildName(ctx, token)) };
    }
    const pattern = tokenOf(item, 'pattern');
    if (pattern !== null) return { kind: 'pattern', span, pattern: buildString(ctx, pattern).value };
    return namedExpr(ctx, needNode(item, 'namedExpr'));
  });
}

export function optional(ctx: BuildContext, node: CstNode | null): Expr | null {
  return node === null ? null : buildExpr(ctx, node);
}

export function relation(ctx: BuildContext, node: CstNode): Relation {
  const nested = tokenOf(node, 'Subpipeline');
  return nested !== null ? ctx.pipeline(nested) : namedOrCall(ctx, node);
}

export function namedOrCall(ctx: BuildContext, node: CstNode): RelationName | FormatCall {
  const call = nodeOf(node, 'formatCall');
  if (call !== null) return formatCall(ctx, call);
  return { kind: 'relationName', span: nodeSpan(node, ctx.file), name: nameText(needToken(node, 'name')) };
}

export function formatCall(ctx: BuildContext, node: CstNode): FormatCall {
  const format = buildName(ctx, needToken(node, 'name'));
  const list = nodeOf(node, 'callArguments');
  return {
    kind: 'formatCall',
    span: nodeSpan(node, ctx.file),
    format,
    args: list === null ? [] : buildArguments(ctx, list, format.text),
  };
}

// ---------------------------------------------------------------------------------------------------- heads

export function stringText(ctx: BuildContext, node: CstNode): StringLiteral {
  return buildString(ctx, needToken(node, 'text'));
}

export function buildFrom(ctx: BuildContext, node: CstNode): From {
  const sql = nodeOf(node, 'sqlSource');
  const from = tokenOf(node, '`from`');
  const word = from ?? needToken(needNode(node, 'sqlSource'), '`sql`');
  const type = nodeOf(node, 'valueType');
  return {
    kind: 'from',
    span: nodeSpan(node, ctx.file),
    verbSpan: tokenSpan(word, ctx.file),
    relation: sql === null ? relation(ctx, needNode(node, 'relation')) : sqlSource(ctx, sql),
    type: type === null ? null : buildType(ctx, type),
  };
}

function sqlSource(ctx: BuildContext, node: CstNode): SqlSource {
  const text = needToken(node, 'text');
  return {
    kind: 'sqlSource',
    span: nodeSpan(node, ctx.file),
    text: text.tokenType === T.TripleString ? text.image.slice(3, -3) : buildString(ctx, text).value,
  };
}

export function buildFnParams(ctx: BuildContext, node: CstNode): FnParam[] {
  const params = nodesOf(node, 'fnParam').map((param): FnParam => {
    const type = nodeOf(param, 'valueType');
    return {
      kind: 'fnParam',
      span: nodeSpan(param, ctx.file),
      name: buildName(ctx, needToken(param, 'name')),
      type: type === null ? null : buildType(ctx, type),
      default: optional(ctx, nodeOf(param, 'expression')),
    };
  });
  checkUnique(
    ctx,
    'the parameter',
    params.map((param) => param.name),
  );
  return params;
}

export function buildUseItems(ctx: BuildContext, node: CstNode): UseItem[] {
  const items = nodesOf(node, 'useItem').map((item): UseItem => {
    const type = nodeOf(item, 'functionType');
    return {
      kind: 'useItem',
      span: nodeSpan(item, ctx.file),
      name: buildName(ctx, needToken(item, 'name')),
      alias: buildNameOrNull(ctx, tokenOf(item, 'alias')),
      type: type === null ? null : buildFunctionType(ctx, type),
    };
  });
  checkUnique(
    ctx,
    'the function',
    items.map((item) => item.alias ?? item.name),
  );
  return items;
}

export function buildImportItems(ctx: BuildContext, node: CstNode): ImportItem[] {
  const items = nodesOf(node, 'importItem').map(
    (item): ImportItem => ({
      kind: 'importItem',
      span: nodeSpan(item, ctx.file),
      name: buildName(ctx, needToken(item, 'name')),
      alias: buildNameOrNull(ctx, tokenOf(item, 'alias')),
    }),
  );
  checkUnique(
    ctx,
    'the name',
    items.map((item) => item.alias ?? item.name),
  );
  return items;
}

export function buildNames(ctx: BuildContext, tokens: readonly IToken[]): Name[] {
  const names = tokens.map((token) => buildName(ctx, token));
  checkUnique(ctx, 'the name', names);
  return names;
}
