/** Pieces of the language given as text. */
import type * as Ast from '../../grammar/ast.ts';
import { noSpan } from '../../grammar/ast.ts';
import { hasErrors } from '../../grammar/diagnostics.ts';
import { renderDiagnostic } from '../../grammar/frame.ts';
import { parseFile } from '../../grammar/parse.ts';
import { rewrite } from '../../grammar/walk.ts';

/** Text given to the builder that is not well formed. The message shows the place. */
export class FlowSyntaxError extends Error {
  override readonly name = 'FlowSyntaxError';
}

/** The expression that `text` is. FlowSyntaxError when it is none. */
export function parseExpr(text: string): Ast.Expr {
  const step = parseStep('from t | where (\n', text, '\n)', 'where');
  return withoutSpans(step.condition);
}

/** A sort key: an expression, perhaps with `desc` and `nulls first` behind it. */
export function parseSortKey(text: string): Ast.SortKey {
  const { keys } = parseStep('from t | sort \n', text, '\n', 'sort');
  const [key] = keys;
  if (key === undefined || keys.length !== 1) throw new FlowSyntaxError(`"${text}" is not one sort key`);
  return withoutSpans(key);
}

/** A type as it is written in a file: `decimal(12, 2)?`. */
export function parseType(text: string): Ast.TypeNode {
  const ast = parseWhole('schema s { t: ', text, ' }');
  const [statement] = ast.statements;
  const [field, second] = statement?.kind === 'schema' ? statement.type.fields : [];
  if (field === undefined || second !== undefined) throw new FlowSyntaxError(`"${text}" is not a type`);
  return withoutSpans(field.type);
}

/** The type of a function as `use` has it: `(float, string) -> float?`. */
export function parseFunctionType(text: string): Ast.FunctionType {
  const ast = parseWhole('use { f: ', text, ' } from "./f.js"');
  const [statement, other] = ast.statements;
  const [item, second] = statement?.kind === 'use' ? statement.items : [];
  if (item === undefined || item.type === null || second !== undefined || other !== undefined) {
    throw new FlowSyntaxError(`"${text}" is not the type of a function`);
  }
  return withoutSpans(item.type);
}

function parseStep<K extends 'where' | 'sort'>(
  before: string,
  text: string,
  after: string,
  kind: K,
): Ast.NodeByKind<K> {
  const ast = parseWhole(before, text, after);
  const [statement, second] = ast.statements;
  const [step, other] = statement?.kind === 'pipeline' ? statement.steps : [];
  if (step?.kind !== kind || second !== undefined || other !== undefined) {
    throw new FlowSyntaxError(`"${text}" is more than one expression`);
  }
  return step as Ast.NodeByKind<K>;
}

function parseWhole(before: string, text: string, after: string): Ast.FlowFile {
  const source = `${before}${text}${after}`;
  const { ast, diagnostics } = parseFile(source, 'text');
  if (hasErrors(diagnostics)) {
    const shown = diagnostics.map((item) => {
      // Spans are shown in the user's text, which stands inside of a file made up around it.
      const clamp = (offset: number): number => Math.min(Math.max(offset - before.length, 0), text.length);
      const span = { file: 'text', start: clamp(item.span.start), end: clamp(item.span.end) };
      return renderDiagnostic(
        { code: item.code, severity: item.severity, message: item.message, span },
        { source: () => text },
      );
    });
    throw new FlowSyntaxError(`cannot read ${JSON.stringify(text)}\n${shown.join('\n')}`);
  }
  return ast;
}

/** Hand-made nodes have no place, and these are part of a tree of such. */
export function withoutSpans<T extends Ast.Node>(node: T): T {
  return rewrite(node, (one) => {
    const copy: Record<string, unknown> = { ...one, span: noSpan };
    if ('verbSpan' in one) copy.verbSpan = noSpan;
    if ('opSpan' in one) copy.opSpan = noSpan;
    return copy as unknown as Ast.Node;
  });
}
