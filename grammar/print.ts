/**
 * The formatter's back half: AST to text. Loads no parser. One step per line with `| ` under `from`; a pipeline with at
 * most one step, and a pipeline in parentheses, stays on one line where it fits; 100 columns. Comments are kept.
 */
import type { Comment, FlowFile, FnParam, Node, Pipeline, Statement, Step } from './ast.ts';
import { type Attached, type Attachments, attachComments } from './comments.ts';
import {
  breakParent,
  type Doc,
  group,
  hardline,
  indent,
  join,
  line,
  ownLine,
  printDoc,
  softline,
  suffix,
} from './doc.ts';
import { bracketed, exprDoc, nameDoc, type PrintContext, stringText, typeDoc } from './print_expr.ts';
import { fromDoc, stepDoc } from './print_steps.ts';

const width = 100;

export interface PrintOptions {
  readonly comments?: readonly Comment[];
  /** The text the AST was read from: its blank lines between statements are kept (one at most). */
  readonly source?: string;
}

/** A whole file as text, with a line end behind the last line. */
export function printFile(file: FlowFile, options: PrintOptions = {}): string {
  const attached = attachComments(file, options.comments ?? []);
  const { source } = options;
  const ctx = makeContext(attached, source);
  let out = '';
  let previous: string | null = null;
  for (const statement of file.statements) {
    const text = printDoc(statementDoc(ctx, statement), width);
    const { before = [], after = [], below = [] } = attached.get(statement) ?? {};
    if (previous !== null && blankBetween(previous, text, statement, before, source)) out += '\n';
    out += commentLines(before, source);
    if (before.length > 0 && hasBlankBefore(source, statement.span.start)) out += '\n';
    out += `${text}${after.map((comment) => ` ${comment.text}`).join('')}\n`;
    if (below[0] !== undefined && hasBlankBefore(source, below[0].span.start)) out += '\n';
    out += commentLines(below, source);
    previous = text;
  }
  return out + commentLines(attached.get(file)?.below ?? [], source);
}

/** A blank line stands where the source has one, and around every statement of several lines. */
function blankBetween(
  previous: string,
  text: string,
  statement: Statement,
  before: readonly Comment[],
  source: string | undefined,
): boolean {
  const [comment] = before;
  if (source !== undefined && hasBlankBefore(source, comment?.span.start ?? statement.span.start)) return true;
  // A comment right behind a statement may belong to that one: a step that has been commented out.
  if (comment !== undefined) return false;
  return text.includes('\n') || previous.includes('\n') || (source === undefined && !oneLiners(previous, text));
}

/** One statement, step or expression in the standard form, without comments and without a line end behind it. */
export function printNode(node: Statement | Step | Parameters<typeof exprDoc>[1]): string {
  const ctx = makeContext(new Map(), undefined);
  return printDoc(nodeDoc(ctx, node), width);
}

function nodeDoc(ctx: PrintContext, node: Parameters<typeof printNode>[0]): Doc {
  if (isStatement(node)) return statementDoc(ctx, node);
  return isStep(node) ? stepDoc(ctx, node) : exprDoc(ctx, node);
}

const statementKinds: ReadonlySet<string> = new Set<Statement['kind']>([
  'param',
  'schema',
  'use',
  'import',
  'fn',
  'let',
  'pipeline',
  'errorStatement',
]);

function isStatement(node: Node): node is Statement {
  return statementKinds.has(node.kind);
}

function isStep(node: Node): node is Step {
  return 'verbSpan' in node && node.kind !== 'from';
}

/** Without a source: declarations of one line stand together. */
function oneLiners(a: string, b: string): boolean {
  const declaration = /^(?:param|use|import|let) /;
  return (
    !a.includes('\n') &&
    !b.includes('\n') &&
    declaration.test(a) &&
    declaration.test(b) &&
    a.split(' ')[0] === b.split(' ')[0]
  );
}

function hasBlankBefore(source: string | undefined, offset: number): boolean {
  return source !== undefined && /\n[ \t\r]*\n[ \t\r]*$/.test(source.slice(Math.max(0, offset - 1000), offset));
}

/** Comments between statements, one per line, with single blank lines where the source has some. */
function commentLines(comments: readonly Comment[], source: string | undefined): string {
  return comments
    .map((comment, i) => {
      const blank = i > 0 && hasBlankBefore(source, comment.span.start);
      return `${blank ? '\n' : ''}${comment.text}\n`;
    })
    .join('');
}

function makeContext(attached: Attachments, source: string | undefined): PrintContext {
  const ctx: PrintContext = {
    withComments: (node, doc) => around(attached.get(node), doc),
    digits: (node) => {
      const written = source?.slice(node.span.start, node.span.end) ?? '';
      return written.replaceAll('_', '') === node.value ? written : node.value;
    },
    nested: (pipeline) => {
      const inner = ctx.withComments(pipeline, pipelineDoc(ctx, pipeline, line));
      return group(['(', indent([softline, inner]), softline, ')']);
    },
  };
  return ctx;
}

/** The node with its comments. A comment behind it makes the groups around it break, so that it keeps its line. */
function around(own: Attached | undefined, doc: Doc): Doc {
  if (own === undefined) return doc;
  return [
    ...own.before.map((comment) => ownLine(comment.text)),
    own.before.length > 0 ? hardline : '',
    doc,
    ...own.after.map((comment) => suffix(` ${comment.text}`)),
    own.after.length > 0 ? breakParent : '',
    ...own.below.map((comment) => ownLine(comment.text)),
  ];
}

function statementDoc(ctx: PrintContext, node: Statement): Doc {
  switch (node.kind) {
    case 'param':
      return [
        'param ',
        nameDoc(node.name),
        ': ',
        typeDoc(ctx, node.type),
        node.default === null ? '' : [' = ', exprDoc(ctx, node.default)],
      ];
    case 'schema':
      return ['schema ', nameDoc(node.name), ' ', typeDoc(ctx, node.type)];
    case 'use':
      return [
        'use ',
        bracketed(
          '{',
          node.items.map((item) =>
            ctx.withComments(item, [
              nameDoc(item.name),
              item.alias === null ? '' : ` as ${nameDoc(item.alias)}`,
              item.type === null ? '' : [': ', typeDoc(ctx, item.type)],
            ]),
          ),
          '}',
          true,
        ),
        ' from ',
        stringText(node.path.value, node.path.raw),
      ];
    case 'import':
      return [
        'import ',
        bracketed(
          '{',
          node.items.map((item) =>
            ctx.withComments(item, [nameDoc(item.name), item.alias === null ? '' : ` as ${nameDoc(item.alias)}`]),
          ),
          '}',
          true,
        ),
        ' from ',
        stringText(node.path.value, node.path.raw),
      ];
    case 'fn':
      return fnDoc(ctx, node);
    case 'let': {
      const target = node.destructured ? `{ ${node.names.map(nameDoc).join(', ')} }` : node.names.map(nameDoc).join('');
      const { source, steps } = node.pipeline;
      const body = [
        ctx.withComments(source, fromDoc(ctx, source)),
        indent(stepDocs(ctx, steps, stepBreak(node.pipeline))),
      ];
      return group(['let ', target, ' = ', ctx.withComments(node.pipeline, body)]);
    }
    case 'pipeline':
      return group(pipelineDoc(ctx, node, stepBreak(node)));
    case 'errorStatement':
      return '<error>';
  }
}

/** What stands before each `|`: more than one step, and each begins a line. */
function stepBreak(pipeline: Pipeline): Doc {
  return pipeline.steps.length > 1 ? hardline : line;
}

function pipelineDoc(ctx: PrintContext, node: Pipeline, separator: Doc): Doc {
  const source = ctx.withComments(node.source, fromDoc(ctx, node.source));
  return [source, stepDocs(ctx, node.steps, separator)];
}

function stepDocs(ctx: PrintContext, steps: readonly Step[], separator: Doc): Doc {
  return steps.map((item): Doc => [separator, pipedDoc(ctx, item)]);
}

function pipedDoc(ctx: PrintContext, item: Step): Doc {
  return ctx.withComments(item, ['| ', indent(stepDoc(ctx, item))]);
}

function fnDoc(ctx: PrintContext, node: Extract<Statement, { kind: 'fn' }>): Doc {
  const head = [
    'fn ',
    bracketed(
      `${nameDoc(node.name)}(`,
      node.params.map((param) => ctx.withComments(param, paramDoc(ctx, param))),
      ')',
    ),
    ' =>',
  ];
  const body =
    node.body.kind === 'stepsBody'
      ? join(
          line,
          node.body.steps.map((item) => pipedDoc(ctx, item)),
        )
      : exprDoc(ctx, node.body);
  return [head, group(indent([line, body]))];
}

function paramDoc(ctx: PrintContext, param: FnParam): Doc {
  return [
    nameDoc(param.name),
    param.type === null ? '' : [': ', typeDoc(ctx, param.type)],
    param.default === null ? '' : [' = ', exprDoc(ctx, param.default)],
  ];
}
