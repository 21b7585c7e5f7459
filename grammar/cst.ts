/** Typed access to chevrotain's concrete syntax tree. */
import type { CstElement, CstNode, IToken } from 'chevrotain';
import type { Span } from './ast.ts';
import { tokenEnd } from './lexer.ts';

function isToken(element: CstElement): element is IToken {
  return 'image' in element;
}

export function tokensOf(node: CstNode, key: string): IToken[] {
  return (node.children[key] ?? []).filter(isToken);
}

export function nodesOf(node: CstNode, key: string): CstNode[] {
  return (node.children[key] ?? []).filter((element): element is CstNode => !isToken(element));
}

export function tokenOf(node: CstNode, key: string): IToken | null {
  const element = node.children[key]?.[0];
  return element !== undefined && isToken(element) ? element : null;
}

export function nodeOf(node: CstNode, key: string): CstNode | null {
  const element = node.children[key]?.[0];
  return element !== undefined && !isToken(element) ? element : null;
}

/** For parts the grammar guarantees: their absence is a bug of the grammar or of the builder. */
export function needToken(node: CstNode, key: string): IToken {
  const token = tokenOf(node, key);
  if (token === null) throw new Error(`rule ${node.name} has no token ${key}`);
  return token;
}

export function needNode(node: CstNode, key: string): CstNode {
  const found = nodeOf(node, key);
  if (found === null) throw new Error(`rule ${node.name} has no part ${key}`);
  return found;
}

export function tokenSpan(token: IToken, file: string): Span {
  return { file, start: token.startOffset, end: tokenEnd(token) };
}

export function nodeSpan(node: CstNode, file: string): Span {
  const { location } = node;
  if (location?.endOffset === undefined) throw new Error(`rule ${node.name} has no location`);
  return { file, start: location.startOffset, end: location.endOffset + 1 };
}

export function joinSpans(first: Span, last: Span): Span {
  return { file: first.file, start: first.start, end: last.end };
}
