/** Trees without spans, for comparing and for showing in text fixtures. */
import type { Node } from '../../grammar/ast.ts';

/** The tree as plain data in which no property tells where it stood. */
export function withoutSpans(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSpans);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'span' && key !== 'verbSpan' && key !== 'opSpan')
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, withoutSpans(inner)]),
  );
}

/** `(kind attribute=value child…)`, one node per line, two blanks per level. Nulls and empty lists are left out. */
export function show(node: Node, depth = 0): string {
  const attributes: string[] = [];
  const below: string[] = [];
  for (const [key, value] of Object.entries(node)) {
    if (key === 'kind' || key === 'span' || key === 'verbSpan' || key === 'opSpan' || value === null) continue;
    if (isNode(value)) {
      if (value.kind === 'name') attributes.push(`${key}=${JSON.stringify((value as { text: string }).text)}`);
      else below.push(`${pad(depth + 1)}${key}: ${show(value, depth + 1)}`);
    } else if (Array.isArray(value) && value.length > 0 && value.every(isNode)) {
      for (const item of value) below.push(`${pad(depth + 1)}${key}: ${show(item, depth + 1)}`);
    } else if (!(Array.isArray(value) && value.length === 0)) attributes.push(`${key}=${JSON.stringify(value)}`);
  }
  return [[node.kind, ...attributes].join(' '), ...below].join('\n');
}

function pad(depth: number): string {
  return '  '.repeat(depth);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'kind' in value;
}
