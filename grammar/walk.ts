/**
 * The one table of children, and the generic walk and rewrite that run on it. A property listed here holds a node,
 * `null`, or an array of nodes; the types make a missing kind or a property that holds no node a compile error.
 */
import type { Node, NodeByKind, NodeKind } from './ast.ts';

/** The properties of `T` that can hold a node or an array of nodes. */
type ChildKey<T> = {
  [P in keyof T]-?: Extract<T[P], Node> extends never ? (Extract<T[P], readonly Node[]> extends never ? never : P) : P;
}[keyof T];

/** In the order of the source text. */
export const children = {
  name: [],
  typeName: [],
  listType: ['element'],
  mapType: ['key', 'value'],
  structType: ['fields'],
  typeField: ['name', 'type'],
  optionalType: ['inner'],
  functionType: ['params', 'result'],
  null: [],
  bool: [],
  int: [],
  float: [],
  string: [],
  date: [],
  time: [],
  timestamp: [],
  duration: [],
  list: ['items'],
  struct: ['fields'],
  structField: ['name', 'value'],
  fstring: ['parts'],
  fstringText: [],
  fstringExpr: ['value'],
  column: [],
  paramRef: [],
  field: ['target', 'name'],
  index: ['target', 'index'],
  call: ['name', 'args'],
  arg: ['name', 'value'],
  over: ['call', 'by', 'sort', 'frame'],
  frame: ['low', 'high'],
  lambda: ['params', 'body'],
  unary: ['operand'],
  binary: ['left', 'right'],
  between: ['value', 'low', 'high'],
  in: ['value', 'set'],
  cast: ['value', 'type'],
  case: ['subject', 'branches', 'otherwise'],
  caseBranch: ['when', 'then'],
  range: ['low', 'high'],
  scalar: ['pipeline'],
  errorExpr: [],
  namedExpr: ['name', 'value'],
  sortKey: ['value'],
  star: ['except'],
  pattern: [],
  groupingSets: ['sets'],
  groupingSet: ['keys'],
  relationName: [],
  formatCall: ['format', 'args'],
  sqlSource: [],
  pipeline: ['source', 'steps'],
  from: ['relation', 'type'],
  file: ['statements'],
  param: ['name', 'type', 'default'],
  schema: ['name', 'type'],
  use: ['items', 'path'],
  useItem: ['name', 'alias', 'type'],
  import: ['items', 'path'],
  importItem: ['name', 'alias'],
  fn: ['name', 'params', 'body'],
  fnParam: ['name', 'type', 'default'],
  stepsBody: ['steps'],
  let: ['names', 'pipeline'],
  errorStatement: ['names'],
  where: ['condition'],
  remove: ['condition'],
  derive: ['items'],
  select: ['items'],
  drop: ['items'],
  rename: ['items'],
  renameItem: ['to', 'from'],
  summarize: ['items', 'by'],
  sort: ['keys'],
  take: ['amount', 'sort', 'by'],
  skip: ['amount'],
  distinct: ['keys'],
  join: ['relation', 'alias', 'on', 'add'],
  setStep: ['relations'],
  explode: ['items'],
  explodeItem: ['value', 'alias'],
  pivot: ['column', 'values', 'into', 'by'],
  unpivot: ['items', 'nameColumn', 'valueColumn'],
  sample: ['amount', 'by', 'seed'],
  split: ['outputs', 'by', 'seed'],
  splitOutput: ['name', 'value'],
  expect: ['checks', 'action'],
  expectCheck: ['condition', 'message'],
  expectAction: ['name', 'args'],
  repartition: ['count', 'keys'],
  shuffle: ['seed'],
  map: ['fn', 'type'],
  fill: ['items', 'sort', 'by'],
  train: ['algorithm', 'label', 'features', 'seed'],
  tune: ['algorithm', 'label', 'features', 'metric', 'trials', 'folds', 'halving', 'seed'],
  predict: ['model', 'alias'],
  evaluate: ['model', 'by'],
  write: ['target'],
  callStep: ['call'],
  errorStep: [],
} as const satisfies { readonly [K in NodeKind]: readonly ChildKey<NodeByKind<K>>[] };

/** The direct children of a node in source order. */
export function childrenOf(node: Node): Node[] {
  const out: Node[] = [];
  const record = node as unknown as Readonly<Record<string, Node | readonly Node[] | null>>;
  for (const key of children[node.kind] as readonly string[]) {
    const value = record[key];
    if (value === null || value === undefined) continue;
    // Lists may be longer than a call has arguments.
    if (isNodeList(value)) for (const one of value) out.push(one);
    else out.push(value);
  }
  return out;
}

/** Calls `enter` for a node before its descendants; returning `false` leaves out the descendants of that node. */
export function walk(node: Node, enter: (node: Node, parent: Node | null) => boolean | void): void {
  // An explicit stack: the depth of an AST made by hand is not limited by the parser.
  const stack: { node: Node; parent: Node | null }[] = [{ node, parent: null }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (enter(top.node, top.parent) === false) continue;
    const below = childrenOf(top.node);
    for (let i = below.length - 1; i >= 0; i--) {
      const child = below[i];
      if (child !== undefined) stack.push({ node: child, parent: top.node });
    }
  }
}

/**
 * A copy of the tree in which `replace` has been applied to every node, children first. A node whose children all
 * stay the same is passed on as it is, so an unchanged tree comes back as the same object. `replace` must give a
 * node that is legal in the same place (an expression for an expression, a step for a step).
 */
export function rewrite<T extends Node>(node: T, replace: (node: Node) => Node): T {
  const record = node as unknown as Readonly<Record<string, Node | readonly Node[] | null>>;
  let copy: Record<string, unknown> | null = null;
  for (const key of children[node.kind] as readonly string[]) {
    const value = record[key];
    if (value === null || value === undefined) continue;
    const next = isNodeList(value) ? rewriteList(value, replace) : rewrite(value, replace);
    if (next !== value) {
      copy ??= { ...record };
      copy[key] = next;
    }
  }
  return replace((copy ?? node) as unknown as T) as T;
}

function rewriteList(list: readonly Node[], replace: (node: Node) => Node): readonly Node[] {
  let changed = false;
  const out = list.map((item) => {
    const next = rewrite(item, replace);
    if (next !== item) changed = true;
    return next;
  });
  return changed ? out : list;
}

function isNodeList(value: Node | readonly Node[]): value is readonly Node[] {
  return Array.isArray(value);
}
