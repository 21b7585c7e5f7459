/** Concrete syntax tree to AST: expressions. Reports what the grammar lets through on purpose. */
import type { CstNode, IToken } from 'chevrotain';
import type {
  Arg,
  BinaryOp,
  Call,
  CaseBranch,
  Expr,
  Frame,
  Lambda,
  Over,
  SortKey,
  Span,
  StructField,
  UnaryOp,
} from './ast.ts';
import { buildLiteral } from './build_literals.ts';
import { type BuildContext, buildName, buildNameOrNull, buildType, checkUnique, nameText } from './build_types.ts';
import { joinSpans, needNode, needToken, nodeOf, nodeSpan, nodesOf, tokenOf, tokenSpan, tokensOf } from './cst.ts';
import { diagnostic } from './diagnostics.ts';
import { syntax } from './syntax_codes.ts';
import * as T from './tokens.ts';

// ---------------------------------------------------------------------------------------- operators, by level

export function buildExpr(ctx: BuildContext, node: CstNode): Expr {
  return leftToRight(ctx, node, 'conjunction', (item) =>
    leftToRight(ctx, item, 'negation', (part) => negation(ctx, part)),
  );
}

/** Operands of one level with their operators between them, as a tree that leans to the left. */
function leftToRight(ctx: BuildContext, node: CstNode, operand: string, build: (node: CstNode) => Expr): Expr {
  const operands = nodesOf(node, operand);
  const operators = tokensOf(node, 'op');
  let left = build(needNode(node, operand));
  for (let i = 1; i < operands.length; i++) {
    const right = build(at(operands, i));
    const op = at(operators, i - 1);
    left = {
      kind: 'binary',
      span: joinSpans(left.span, right.span),
      op: op.image as BinaryOp,
      opSpan: tokenSpan(op, ctx.file),
      left,
      right,
    };
    // A token the lexer put in the place of a foreign operator keeps its image.
    const known = replacedOps.get(op.tokenType);
    if (known !== undefined) left = { ...left, op: known };
  }
  return left;
}

const replacedOps: ReadonlyMap<unknown, BinaryOp> = new Map<unknown, BinaryOp>([
  [T.K.and, 'and'],
  [T.K.or, 'or'],
  [T.Star, '*'],
  [T.Minus, '-'],
  [T.Equal, '=='],
  [T.NotEqual, '!='],
]);

function at<X>(list: readonly X[], i: number): X {
  const item = list[i];
  if (item === undefined) throw new Error('operands and operators do not alternate');
  return item;
}

function prefixed(ctx: BuildContext, tokens: readonly IToken[], operand: Expr): Expr {
  let result = operand;
  for (let i = tokens.length - 1; i >= 0; i--) {
    const token = at(tokens, i);
    const op: UnaryOp = token.tokenType === T.K.not ? 'not' : token.tokenType === T.Plus ? '+' : '-';
    result = { kind: 'unary', span: joinSpans(tokenSpan(token, ctx.file), result.span), op, operand: result };
  }
  return result;
}

function negation(ctx: BuildContext, node: CstNode): Expr {
  return prefixed(ctx, tokensOf(node, '`not`'), comparison(ctx, needNode(node, 'comparison')));
}

function comparison(ctx: BuildContext, node: CstNode): Expr {
  let left = range(ctx, needNode(node, 'range'));
  let before: string | null = null;
  for (const tail of nodesOf(node, 'comparisonTail')) {
    const result = comparisonTail(ctx, left, tail);
    if (before !== null) {
      ctx.report(
        diagnostic(
          syntax.chainedComparison,
          { first: before, second: `\`${result.word}\`` },
          nodeSpan(tail, ctx.file),
          { suggestion: { text: 'compare twice, with `and` between' } },
        ),
      );
    }
    before = `\`${result.word}\``;
    left = result.expr;
  }
  return left;
}

function comparisonTail(ctx: BuildContext, left: Expr, tail: CstNode): { expr: Expr; word: string } {
  const span = joinSpans(left.span, nodeSpan(tail, ctx.file));
  const operands = nodesOf(tail, 'range');
  const right = (): Expr => range(ctx, at(operands, 0));
  const binary = (op: BinaryOp, first: IToken, last: IToken): { expr: Expr; word: string } => ({
    expr: {
      kind: 'binary',
      span,
      op,
      opSpan: joinSpans(tokenSpan(first, ctx.file), tokenSpan(last, ctx.file)),
      left,
      right: right(),
    },
    word: op,
  });
  const op = tokenOf(tail, 'op');
  if (op !== null) {
    if (op.tokenType === T.Assign) {
      ctx.report(
        diagnostic(syntax.bareEquals, {}, tokenSpan(op, ctx.file), {
          suggestion: { text: 'write `==` to compare', replacement: '==' },
        }),
      );
      return binary('==', op, op);
    }
    return binary(replacedOps.get(op.tokenType) ?? (op.image as BinaryOp), op, op);
  }
  const is = tokenOf(tail, '`is`');
  if (is !== null) {
    const isNot = tokenOf(tail, 'isNot');
    return binary(isNot === null ? 'is' : 'is not', is, isNot ?? is);
  }
  const not = tokenOf(tail, 'not');
  const negated = not !== null;
  const word = tokenOf(tail, 'word');
  if (word !== null) {
    const base = word.tokenType === T.K.like ? 'like' : 'matches';
    return binary(negated ? `not ${base}` : base, not ?? word, word);
  }
  if (tokenOf(tail, '`between`') !== null) {
    const low = right();
    return {
      expr: { kind: 'between', span, value: left, negated, low, high: range(ctx, at(operands, 1)) },
      word: 'between',
    };
  }
  const nested = tokenOf(tail, 'Subpipeline');
  const set = nested === null ? right() : ctx.pipeline(nested);
  return { expr: { kind: 'in', span, value: left, negated, set }, word: 'in' };
}

function range(ctx: BuildContext, node: CstNode): Expr {
  const [first, second] = nodesOf(node, 'coalesce');
  if (first === undefined) throw new Error('a range has no operand');
  const low = buildCoalesce(ctx, first);
  if (second === undefined) return low;
  const high = buildCoalesce(ctx, second);
  return { kind: 'range', span: joinSpans(low.span, high.span), low, high };
}

export function buildCoalesce(ctx: BuildContext, node: CstNode): Expr {
  return leftToRight(ctx, node, 'sum', (sum) =>
    leftToRight(ctx, sum, 'product', (product) =>
      leftToRight(ctx, product, 'signed', (signed) =>
        prefixed(ctx, tokensOf(signed, 'op'), postfix(ctx, needNode(signed, 'postfix'))),
      ),
    ),
  );
}

// ---------------------------------------------------------------------------------------- suffixes, primaries

function postfix(ctx: BuildContext, node: CstNode): Expr {
  let target = primary(ctx, needNode(node, 'primary'));
  const { start } = nodeSpan(node, ctx.file);
  for (const suffix of nodesOf(node, 'suffix')) {
    const end = nodeSpan(suffix, ctx.file);
    target = buildSuffix(ctx, target, suffix, { file: ctx.file, start, end: end.end });
  }
  return target;
}

function buildSuffix(ctx: BuildContext, target: Expr, suffix: CstNode, span: Span): Expr {
  const field = tokenOf(suffix, 'field');
  if (field !== null) return { kind: 'field', span, target, name: buildName(ctx, field) };
  const index = nodeOf(suffix, 'expression');
  if (index !== null) return { kind: 'index', span, target, index: buildExpr(ctx, index) };
  const type = nodeOf(suffix, 'valueType');
  if (type !== null) {
    const built = buildType(ctx, type);
    const safe = built.kind === 'optionalType';
    return { kind: 'cast', span, value: target, type: safe ? built.inner : built, safe };
  }
  const window = needNode(suffix, 'window');
  if (target.kind === 'call') return buildOver(ctx, target, window, span);
  ctx.report(diagnostic(syntax.overWithoutCall, {}, tokenSpan(needToken(window, '`over`'), ctx.file)));
  return { kind: 'errorExpr', span };
}

function buildOver(ctx: BuildContext, call: Call, window: CstNode, span: Span): Over {
  let by: Expr[] = [];
  let sort: SortKey[] = [];
  let frame: Frame | null = null;
  const seen = new Set<string>();
  for (const clause of nodesOf(window, 'windowClause')) {
    const word = needToken(clause, 'clause');
    const key = word.image === 'rows' ? 'range' : word.image;
    checkClause(ctx, seen, word, key);
    const bounds = nodeOf(clause, 'frame');
    if (word.image === 'by')
      by = nodesOf(needNode(clause, 'expressions'), 'expression').map((item) => buildExpr(ctx, item));
    else if (word.image === 'sort') sort = buildSortKeys(ctx, needNode(clause, 'sortKeys'));
    else if (bounds !== null) {
      const [low, high] = [nodeOf(bounds, 'low'), nodeOf(bounds, 'high')];
      frame = {
        kind: 'frame',
        span: nodeSpan(clause, ctx.file),
        unit: word.image === 'rows' ? 'rows' : 'range',
        low: low === null ? null : buildCoalesce(ctx, low),
        high: high === null ? null : buildCoalesce(ctx, high),
      };
    }
  }
  return { kind: 'over', span, call, by, sort, frame };
}

/** Reports a clause that `seen` holds already. */
export function checkClause(ctx: BuildContext, seen: Set<string>, word: IToken, key = word.image): void {
  if (seen.has(key)) ctx.report(diagnostic(syntax.duplicateClause, { clause: word.image }, tokenSpan(word, ctx.file)));
  seen.add(key);
}

export function buildSortKeys(ctx: BuildContext, node: CstNode): SortKey[] {
  return nodesOf(node, 'sortKey').map((key): SortKey => {
    const nulls = tokenOf(key, 'nullsAt');
    return {
      kind: 'sortKey',
      span: nodeSpan(key, ctx.file),
      value: buildExpr(ctx, needNode(key, 'expression')),
      descending: tokenOf(key, 'direction')?.image === 'desc',
      nulls: nulls === null ? null : nulls.image === 'first' ? 'first' : 'last',
    };
  });
}

function primary(ctx: BuildContext, node: CstNode): Expr {
  const span = nodeSpan(node, ctx.file);
  const literal = tokenOf(node, 'literal');
  if (literal !== null) return buildLiteral(ctx, literal);
  const column = tokenOf(node, 'column');
  if (column !== null) return { kind: 'column', span, name: nameText(column) };
  const call = nodeOf(node, 'call');
  if (call !== null) return buildCall(ctx, call);
  const inner = nodeOf(node, 'expression');
  // The span of `(a + b)` is that of `a + b`.
  if (inner !== null) return buildExpr(ctx, inner);
  const scalar = tokenOf(node, 'scalar');
  if (scalar !== null) return { kind: 'scalar', span, pipeline: ctx.pipeline(scalar) };
  const bare = tokenOf(node, 'bare');
  if (bare !== null) {
    ctx.report(
      diagnostic(syntax.bareSubquery, {}, span, {
        suggestion: {
          text: 'write `scalar(from …)` for the value of one row and one column',
          replacement: 'scalar',
          span: { ...span, end: span.start },
        },
      }),
    );
    return { kind: 'scalar', span, pipeline: ctx.pipeline(bare) };
  }
  const list = nodeOf(node, 'listOf');
  if (list !== null) {
    const items = nodeOf(list, 'expressions');
    return {
      kind: 'list',
      span,
      items: items === null ? [] : nodesOf(items, 'expression').map((item) => buildExpr(ctx, item)),
    };
  }
  const struct = nodeOf(node, 'structOf');
  if (struct !== null) return buildStruct(ctx, struct, span);
  return buildCase(ctx, needNode(node, 'caseOf'), span);
}

function buildStruct(ctx: BuildContext, node: CstNode, span: Span): Expr {
  const fields = nodesOf(node, 'structField').map(
    (field): StructField => ({
      kind: 'structField',
      span: nodeSpan(field, ctx.file),
      name: buildName(ctx, needToken(field, 'name')),
      value: buildExpr(ctx, needNode(field, 'expression')),
    }),
  );
  checkUnique(
    ctx,
    'the field',
    fields.map((field) => field.name),
  );
  return { kind: 'struct', span, fields };
}

function buildCase(ctx: BuildContext, node: CstNode, span: Span): Expr {
  const [whens, thens, words] = [nodesOf(node, 'when'), nodesOf(node, 'then'), tokensOf(node, 'branch')];
  const subject = nodeOf(node, 'subject');
  const otherwise = nodeOf(node, 'otherwise');
  return {
    kind: 'case',
    span,
    subject: subject === null ? null : buildExpr(ctx, subject),
    branches: whens.map((when, i): CaseBranch => {
      const then = buildExpr(ctx, at(thens, i));
      const start = tokenSpan(at(words, i), ctx.file);
      return { kind: 'caseBranch', span: joinSpans(start, then.span), when: buildExpr(ctx, when), then };
    }),
    otherwise: otherwise === null ? null : buildExpr(ctx, otherwise),
  };
}

// ----------------------------------------------------------------------------------------------------- calls

export function buildCall(ctx: BuildContext, node: CstNode): Call {
  const list = nodeOf(node, 'callArguments');
  const name = buildName(ctx, needToken(node, 'name'));
  return {
    kind: 'call',
    span: nodeSpan(node, ctx.file),
    name,
    distinct: tokenOf(node, '`distinct`') !== null,
    args: list === null ? [] : buildArguments(ctx, list, name.text),
  };
}

/** `callee` is for the message about `*`. */
export function buildArguments(ctx: BuildContext, list: CstNode, callee: string): Arg[] {
  const args: Arg[] = [];
  for (const node of nodesOf(list, 'argument')) {
    const star = tokenOf(node, 'Star');
    if (star !== null) {
      const span = tokenSpan(star, ctx.file);
      ctx.report(
        diagnostic(syntax.starArgument, { name: callee }, span, {
          suggestion: callee === 'count' ? { text: 'write `count()`', replacement: '' } : undefined,
        }),
      );
      continue;
    }
    const lambda = nodeOf(node, 'lambda');
    args.push({
      kind: 'arg',
      span: nodeSpan(node, ctx.file),
      name: buildNameOrNull(ctx, tokenOf(node, 'name')),
      value: lambda === null ? buildExpr(ctx, needNode(node, 'expression')) : buildLambda(ctx, lambda),
    });
  }
  return args;
}

function buildLambda(ctx: BuildContext, node: CstNode): Lambda {
  const params = tokensOf(node, 'params').map((token) => buildName(ctx, token));
  checkUnique(ctx, 'the parameter', params);
  return { kind: 'lambda', span: nodeSpan(node, ctx.file), params, body: buildExpr(ctx, needNode(node, 'expression')) };
}
