/** Where a comment belongs: every comment is attached to one node of those the printer sets on lines of their own. */
import type { Comment, FlowFile, Node, NodeKind } from './ast.ts';
import { childrenOf } from './walk.ts';

export interface Attached {
  /** On lines of their own before the node. */
  readonly before: Comment[];
  /** At the end of the node's line. */
  readonly after: Comment[];
  /** On lines of their own behind the node. */
  readonly below: Comment[];
}

export type Attachments = ReadonlyMap<object, Attached>;

const anchorKinds: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'param',
  'schema',
  'use',
  'import',
  'fn',
  'let',
  'pipeline',
  'from',
  'errorStatement',
  'where',
  'remove',
  'derive',
  'select',
  'drop',
  'rename',
  'summarize',
  'sort',
  'take',
  'skip',
  'distinct',
  'join',
  'setStep',
  'explode',
  'pivot',
  'unpivot',
  'sample',
  'split',
  'expect',
  'repartition',
  'shuffle',
  'map',
  'fill',
  'train',
  'predict',
  'evaluate',
  'tune',
  'write',
  'callStep',
  'errorStep',
  'namedExpr',
  'sortKey',
  'star',
  'pattern',
  'renameItem',
  'explodeItem',
  'splitOutput',
  'expectCheck',
  'groupingSets',
  'arg',
  'structField',
  'typeField',
  'caseBranch',
  'useItem',
  'importItem',
  'fnParam',
]);

/** The nearest anchors below a node, in source order. */
function anchorsBelow(node: Node): Node[] {
  const out: Node[] = [];
  const visit = (item: Node, parent: Node): void => {
    // An f-string is one literal: no comment stands in it.
    if (item.kind === 'fstring') return;
    if (isAnchor(item, parent)) out.push(item);
    else for (const child of childrenOf(item)) visit(child, item);
  };
  for (const child of childrenOf(node)) visit(child, node);
  return out.sort((a, b) => a.span.start - b.span.start || b.span.end - a.span.end);
}

function isAnchor(node: Node, parent: Node): boolean {
  if (parent.kind === 'list') return true;
  // The operands of a chain of `and` or `or`; the chain itself is what holds them.
  if (parent.kind === 'binary' && (parent.op === 'and' || parent.op === 'or')) {
    return !(node.kind === 'binary' && node.op === parent.op && node === parent.left);
  }
  return anchorKinds.has(node.kind);
}

/** `comments` in the order of the text. */
export function attachComments(file: FlowFile, comments: readonly Comment[]): Attachments {
  const attached = new Map<object, Attached>();
  const cache = new Map<Node, Node[]>();
  const place = (node: Node): Attached => {
    let found = attached.get(node);
    if (found === undefined) {
      found = { before: [], after: [], below: [] };
      attached.set(node, found);
    }
    return found;
  };
  /** A line ends with one comment; a second one stands before what follows. */
  const behind = (node: Node, next: Node | null, comment: Comment): void => {
    if (place(node).after.length === 0) place(node).after.push(comment);
    else if (next !== null) place(next).before.push(comment);
    else place(node).below.push(comment);
  };
  /** What stands behind `node`, the last of `path`, within the nodes around it. */
  const following = (node: Node, path: readonly Node[]): Node | null => {
    for (let i = path.length - 2; i >= -1; i--) {
      const siblings = cache.get(path[i] ?? file) ?? [];
      const next = siblings.find((item) => item.span.start >= node.span.end);
      if (next !== undefined) return next;
    }
    return null;
  };
  for (const comment of comments) {
    let around: Node = file;
    const path: Node[] = [];
    // With the outermost node that begins or ends there: so it stands where a second formatting finds it.
    const last = (node: Node): Node => path.find((item) => item.span.end === node.span.end) ?? node;
    const outermost = (node: Node): Node => path.find((item) => item.span.start === node.span.start) ?? node;
    for (;;) {
      const anchors: Node[] = cache.get(around) ?? anchorsBelow(around);
      cache.set(around, anchors);
      const { start, end } = comment.span;
      const inside = anchors.find((item) => item.span.start <= start && end <= item.span.end);
      if (inside !== undefined) {
        around = inside;
        path.push(inside);
        continue;
      }
      const previous = anchors.findLast((item) => item.span.end <= start);
      const next = anchors.find((item) => item.span.start >= end) ?? null;
      if (!comment.ownLine && previous !== undefined) behind(previous, next, comment);
      else if (next !== null) place(outermost(next)).before.push(comment);
      else if (previous !== undefined) place(previous).below.push(comment);
      else if (around === file) place(file).below.push(comment);
      else if (comment.ownLine) place(outermost(around)).before.push(comment);
      else behind(last(around), following(around, path), comment);
      break;
    }
  }
  return attached;
}
