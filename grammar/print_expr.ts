/** Types and expressions as documents. Parentheses stand where reading the text back would give another tree. */
import type {
  Arg,
  BinaryOp,
  BoolLiteral,
  Case,
  Column,
  DateLiteral,
  DurationLiteral,
  ErrorExpr,
  Expr,
  FloatLiteral,
  Frame,
  IntLiteral,
  Name,
  NullLiteral,
  ParamRef,
  Pipeline,
  Range,
  SortKey,
  StringLiteral,
  TimeLiteral,
  TimestampLiteral,
  TypeNode,
} from './ast.ts';
import { type Doc, group, indent, join, line, printDoc, softline } from './doc.ts';
import { canBeRaw, escapeText } from './literals.ts';
import { backticked, isReserved, quoteName } from './words.ts';

/** What the printers share: comments by node, and how to print a nested pipeline. */
export interface PrintContext {
  /** The node's document with its comments around it. */
  readonly withComments: (node: object, doc: Doc) => Doc;
  /** A number as it was written, with its `_`. */
  readonly digits: (node: IntLiteral | FloatLiteral) => string;
  /** `(from …)` */
  readonly nested: (pipeline: Pipeline) => Doc;
}

/** How tightly an expression binds: the levels of parser_expr.ts, loosest first. */
export const level = {
  or: 1,
  and: 2,
  not: 3,
  comparison: 4,
  range: 5,
  coalesce: 6,
  sum: 7,
  product: 8,
  sign: 9,
  postfix: 10,
  primary: 11,
} as const;

const binaryLevels: Readonly<Record<BinaryOp, number>> = {
  or: level.or,
  and: level.and,
  '==': level.comparison,
  '!=': level.comparison,
  '<': level.comparison,
  '<=': level.comparison,
  '>': level.comparison,
  '>=': level.comparison,
  is: level.comparison,
  'is not': level.comparison,
  like: level.comparison,
  'not like': level.comparison,
  matches: level.comparison,
  'not matches': level.comparison,
  '??': level.coalesce,
  '+': level.sum,
  '-': level.sum,
  '*': level.product,
  '/': level.product,
  '//': level.product,
  '%': level.product,
};

function levelOf(expr: Expr): number {
  switch (expr.kind) {
    case 'binary':
      return binaryLevels[expr.op];
    case 'unary':
      return expr.op === 'not' ? level.not : level.sign;
    case 'between':
    case 'in':
      return level.comparison;
    case 'range':
      return level.range;
    case 'field':
    case 'index':
    case 'cast':
    case 'over':
      return level.postfix;
    case 'lambda':
      return 0;
    default:
      return level.primary;
  }
}

/** `expr` where at least the level `min` is wanted. */
export function exprDoc(ctx: PrintContext, expr: Expr, min: number = level.or): Doc {
  const doc = bareDoc(ctx, expr);
  return levelOf(expr) < min ? parens(doc) : doc;
}

export function parens(doc: Doc): Doc {
  return group(['(', indent([softline, doc]), softline, ')']);
}

/** `expr` in parentheses when it begins with one of `words`, which would mean something else in its place. */
export function guardedDoc(ctx: PrintContext, expr: Expr, words: readonly string[], min: number = level.or): Doc {
  const first = leadingWord(expr);
  return first !== null && words.includes(first) ? parens(bareDoc(ctx, expr)) : exprDoc(ctx, expr, min);
}

/** `expr` in parentheses unless it begins with a name (none of `except`), a literal or a bracket that cannot go on an expression. */
export function operandDoc(ctx: PrintContext, expr: Expr, except: readonly string[]): Doc {
  const first = leadingWord(expr);
  return first === null || except.includes(first) ? parens(bareDoc(ctx, expr)) : exprDoc(ctx, expr);
}

/** The name an expression begins with when it is written without parentheses. */
export function leadingWord(expr: Expr): string | null {
  switch (expr.kind) {
    case 'column':
      return expr.name;
    case 'call':
      return expr.name.text;
    case 'over':
      return expr.call.name.text;
    case 'binary':
      return leadingWord(expr.left);
    case 'between':
    case 'in':
    case 'cast':
      return leadingWord(expr.value);
    case 'field':
    case 'index':
      return leadingWord(expr.target);
    case 'range':
      return expr.low === null ? null : leadingWord(expr.low);
    case 'scalar':
      return 'scalar';
    default:
      return null;
  }
}

/** `a, b, c` that break all together; nothing around them. */
export function commaList(docs: readonly Doc[]): Doc {
  return join([',', line], docs);
}

/** `open a, b close`, on one line or one item per line. `pad`: blanks inside of the brackets. */
export function bracketed(open: string, docs: readonly Doc[], close: string, pad = false): Doc {
  if (docs.length === 0) return `${open}${close}`;
  const edge = pad ? line : softline;
  return group([open, indent([edge, commaList(docs)]), edge, close]);
}

export function nameDoc(name: Name): string {
  return quoteName(name.text);
}

function bareDoc(ctx: PrintContext, expr: Expr): Doc {
  switch (expr.kind) {
    case 'list':
      return bracketed(
        '[',
        expr.items.map((item) => ctx.withComments(item, exprDoc(ctx, item))),
        ']',
      );
    case 'struct':
      return bracketed(
        '{',
        expr.fields.map((field) => ctx.withComments(field, [nameDoc(field.name), ': ', exprDoc(ctx, field.value)])),
        '}',
        true,
      );
    case 'fstring':
      return `f"${expr.parts
        .map((part) => (part.kind === 'fstringText' ? fstringText(part.text) : interpolation(ctx, part.value)))
        .join('')}"`;
    // A reserved word behind a `.` needs no backticks.
    case 'field':
      return [
        exprDoc(ctx, expr.target, level.postfix),
        '.',
        isReserved(expr.name.text) ? expr.name.text : nameDoc(expr.name),
      ];
    case 'index':
      return [exprDoc(ctx, expr.target, level.postfix), bracketed('[', [exprDoc(ctx, expr.index)], ']')];
    case 'call':
      return callDoc(ctx, expr, nameDoc(expr.name));
    case 'over':
      return overDoc(ctx, expr);
    case 'lambda':
      return lambdaDoc(ctx, expr);
    case 'unary':
      return expr.op === 'not'
        ? ['not ', exprDoc(ctx, expr.operand, level.not)]
        : [expr.op, exprDoc(ctx, expr.operand, level.sign)];
    case 'binary':
      return binaryDoc(ctx, expr);
    case 'between':
      return [
        exprDoc(ctx, expr.value, level.range),
        expr.negated ? ' not between ' : ' between ',
        exprDoc(ctx, expr.low, level.range),
        ' and ',
        exprDoc(ctx, expr.high, level.range),
      ];
    case 'in':
      return [
        exprDoc(ctx, expr.value, level.range),
        expr.negated ? ' not in ' : ' in ',
        expr.set.kind === 'pipeline' ? ctx.nested(expr.set) : exprDoc(ctx, expr.set, level.range),
      ];
    case 'cast':
      return [exprDoc(ctx, expr.value, level.postfix), '::', typeDoc(ctx, expr.type), expr.safe ? '?' : ''];
    case 'case':
      return caseDoc(ctx, expr);
    case 'range':
      return rangeDoc(ctx, expr, []);
    case 'scalar':
      return ['scalar', ctx.nested(expr.pipeline)];
    default:
      return leafDoc(ctx, expr);
  }
}

type Leaf =
  | NullLiteral
  | BoolLiteral
  | IntLiteral
  | FloatLiteral
  | StringLiteral
  | DateLiteral
  | TimeLiteral
  | TimestampLiteral
  | DurationLiteral
  | Column
  | ParamRef
  | ErrorExpr;

/** What has no expression inside. */
function leafDoc(ctx: PrintContext, expr: Leaf): string {
  switch (expr.kind) {
    case 'null':
      return 'null';
    case 'bool':
      return String(expr.value);
    case 'int':
    case 'float':
      return ctx.digits(expr);
    case 'string':
      return stringText(expr.value, expr.raw);
    case 'date':
    case 'time':
    case 'timestamp':
      return `@${expr.value}`;
    case 'duration':
      return expr.parts.map((part) => `${part.amount}${part.unit}`).join('');
    case 'column':
      return quoteName(expr.name);
    case 'paramRef':
      return `$${expr.name}`;
    case 'errorExpr':
      return '<error>';
  }
}

export function rangeDoc(ctx: PrintContext, expr: Range, guarded: readonly string[]): Doc {
  return [
    expr.low === null ? '' : exprDoc(ctx, expr.low, level.coalesce),
    '..',
    expr.high === null ? '' : guardedDoc(ctx, expr.high, guarded, level.coalesce),
  ];
}

/** Operators of one level form one chain, broken before each operator. */
function binaryDoc(ctx: PrintContext, expr: Extract<Expr, { kind: 'binary' }>): Doc {
  const own = binaryLevels[expr.op];
  if (own === level.comparison) {
    return [exprDoc(ctx, expr.left, own + 1), ` ${expr.op} `, exprDoc(ctx, expr.right, own + 1)];
  }
  const logical = own === level.and || own === level.or;
  // A comment before an operand stands before its operator too.
  const operand = (item: Expr, doc: Doc): Doc => (logical ? ctx.withComments(item, doc) : doc);
  const tail: Doc[] = [];
  let left: Expr = expr;
  while (left.kind === 'binary' && binaryLevels[left.op] === own) {
    tail.push([line, operand(left.right, [left.op, ' ', exprDoc(ctx, left.right, own + 1)])]);
    left = left.left;
  }
  return group([operand(left, exprDoc(ctx, left, own)), ...tail.reverse()]);
}

function caseDoc(ctx: PrintContext, expr: Case): Doc {
  const branches = expr.branches.map((branch) => [
    line,
    ctx.withComments(branch, ['when ', exprDoc(ctx, branch.when), ' then ', exprDoc(ctx, branch.then)]),
  ]);
  const otherwise = expr.otherwise === null ? [] : [line, 'else ', exprDoc(ctx, expr.otherwise)];
  const subject = expr.subject === null ? '' : [' ', exprDoc(ctx, expr.subject)];
  return group(['case', subject, indent([...branches, otherwise]), line, 'end']);
}

export function callDoc(ctx: PrintContext, expr: Extract<Expr, { kind: 'call' }>, name: string): Doc {
  const [first, ...rest] = expr.args;
  if (first === undefined) return `${name}()`;
  const docs = [ctx.withComments(first, firstArgument(ctx, first, expr.distinct)), ...argumentDocs(ctx, rest)];
  if (docs.length === 1 && !expr.distinct && first.name === null && hugs(first.value))
    return [name, '(', docs[0] ?? '', ')'];
  return bracketed(`${name}(`, docs, ')');
}

/** A single argument with brackets of its own does not break inside of the call's. */
function hugs(expr: Expr): boolean {
  return expr.kind === 'list' || expr.kind === 'struct';
}

/** The first argument, where `distinct` is a word of the language when an operand follows it. */
function firstArgument(ctx: PrintContext, arg: Arg, distinct: boolean): Doc {
  const { name, value } = arg;
  if (!distinct) {
    return name === null && value.kind !== 'lambda' ? guardedDoc(ctx, value, ['distinct']) : argumentDoc(ctx, arg);
  }
  // Backticks, where `matches` or `over` would go on from a column called `distinct`.
  if (name !== null) return ['distinct ', backticked(name.text), ': ', valueDoc(ctx, value)];
  const [only] = value.kind === 'lambda' ? value.params : [];
  if (value.kind === 'lambda' && value.params.length === 1 && only !== undefined) {
    return ['distinct ', backticked(only.text), ' => ', exprDoc(ctx, value.body)];
  }
  return ['distinct ', value.kind === 'lambda' ? lambdaDoc(ctx, value) : operandDoc(ctx, value, ['matches', 'over'])];
}

export function argumentDocs(ctx: PrintContext, args: readonly Arg[]): Doc[] {
  return args.map((arg) => ctx.withComments(arg, argumentDoc(ctx, arg)));
}

function argumentDoc(ctx: PrintContext, arg: Arg): Doc {
  const value = valueDoc(ctx, arg.value);
  return arg.name === null ? value : [nameDoc(arg.name), ': ', value];
}

function valueDoc(ctx: PrintContext, value: Expr): Doc {
  return value.kind === 'lambda' ? lambdaDoc(ctx, value) : exprDoc(ctx, value);
}

function lambdaDoc(ctx: PrintContext, expr: Extract<Expr, { kind: 'lambda' }>): Doc {
  const [only] = expr.params;
  const params =
    expr.params.length === 1 && only !== undefined ? nameDoc(only) : `(${expr.params.map(nameDoc).join(', ')})`;
  return [params, ' => ', exprDoc(ctx, expr.body)];
}

function overDoc(ctx: PrintContext, expr: Extract<Expr, { kind: 'over' }>): Doc {
  const clauses: Doc[] = [];
  const list = (word: string, docs: readonly Doc[]): void => {
    if (docs.length > 0) clauses.push(group([word, indent([line, commaList(docs)])]));
  };
  list(
    'by',
    expr.by.map((item) => exprDoc(ctx, item)),
  );
  list(
    'sort',
    expr.sort.map((key) => sortKeyDoc(ctx, key)),
  );
  if (expr.frame !== null) clauses.push(frameDoc(ctx, expr.frame));
  const window = clauses.length === 0 ? '()' : group(['(', indent([softline, join(line, clauses)]), softline, ')']);
  return [callDoc(ctx, expr.call, nameDoc(expr.call.name)), ' over ', window];
}

function frameDoc(ctx: PrintContext, frame: Frame): Doc {
  return [
    frame.unit,
    ' ',
    frame.low === null ? '' : exprDoc(ctx, frame.low, level.coalesce),
    '..',
    frame.high === null ? '' : guardedDoc(ctx, frame.high, ['by', 'sort', 'rows', 'range'], level.coalesce),
  ];
}

export function sortKeyDoc(ctx: PrintContext, key: SortKey, value: Doc = exprDoc(ctx, key.value)): Doc {
  return ctx.withComments(key, [value, key.descending ? ' desc' : '', key.nulls === null ? '' : ` nulls ${key.nulls}`]);
}

export function stringText(value: string, raw = false): string {
  return raw && canBeRaw(value) ? `r"${value}"` : `"${escapeText(value, '"')}"`;
}

function fstringText(text: string): string {
  return Array.from(text, (char) => (char === '{' || char === '}' ? char + char : escapeText(char, '"'))).join('');
}

/** On one line, whatever its length. `{ {` keeps a struct's brace from being read as the character. */
function interpolation(ctx: PrintContext, expr: Expr): string {
  const text = printDoc(exprDoc(ctx, expr), Number.POSITIVE_INFINITY);
  return `{${text.startsWith('{') ? ' ' : ''}${text}}`;
}

export function typeDoc(ctx: PrintContext, type: TypeNode): Doc {
  switch (type.kind) {
    case 'typeName': {
      // Behind a cast to a schema of that name, `<` would open the parameters of the built-in type.
      const name = type.name === 'list' || type.name === 'map' ? backticked(type.name) : quoteName(type.name);
      const args = type.args.map((arg) => (typeof arg === 'number' ? String(arg) : stringText(arg)));
      return args.length === 0 ? name : `${name}(${args.join(', ')})`;
    }
    case 'listType':
      return ['list<', typeDoc(ctx, type.element), '>'];
    case 'mapType':
      return ['map<', typeDoc(ctx, type.key), ', ', typeDoc(ctx, type.value), '>'];
    case 'structType':
      return bracketed(
        '{',
        type.fields.map((field) => ctx.withComments(field, [nameDoc(field.name), ': ', typeDoc(ctx, field.type)])),
        '}',
        true,
      );
    case 'optionalType':
      return [typeDoc(ctx, type.inner), '?'];
    case 'functionType':
      return [
        bracketed(
          '(',
          type.params.map((param) => typeDoc(ctx, param)),
          ')',
        ),
        ' -> ',
        typeDoc(ctx, type.result),
      ];
  }
}
