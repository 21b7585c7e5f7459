/** Nodes in the members of arrays and plain objects: found, and replaced. */
import { DagNode } from './types.ts';

export interface Scan {
  /** Each as often as it stands there, in the order of the members. */
  readonly nodes: readonly DagNode[];
  /** Nodes that stand where they are not looked for: in a Map or a Set. */
  readonly hidden: readonly DagNode[];
  /** A structure with nodes that contains itself. */
  readonly circular: boolean;
}

export const NO_NODES: Scan = { nodes: [], hidden: [], circular: false };

export function isPlain(value: object): value is Record<string, unknown> {
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null;
}

export function scan(value: unknown): Scan {
  if (typeof value !== 'object' || value === null) return NO_NODES;
  if (value instanceof DagNode) return { nodes: [value], hidden: [], circular: false };
  const nodes: DagNode[] = [];
  const hidden: DagNode[] = [];
  const open = new Set<object>();
  let circular = false;
  const visit = (one: unknown): void => {
    if (typeof one !== 'object' || one === null) return;
    if (one instanceof DagNode) {
      nodes.push(one);
      return;
    }
    if (open.has(one)) {
      circular = true;
      return;
    }
    if (Array.isArray(one)) {
      open.add(one);
      for (const member of one) visit(member);
      open.delete(one);
    } else if (one instanceof Map || one instanceof Set) {
      for (const entry of one.entries()) for (const part of entry) if (part instanceof DagNode) hidden.push(part);
    } else if (isPlain(one)) {
      open.add(one);
      for (const key of Object.keys(one)) visit(one[key]);
      open.delete(one);
    }
  };
  visit(value);
  return { nodes, hidden, circular: circular && nodes.length > 0 };
}

/** The value with nodes replaced; parts without nodes stay the same objects. */
export function fill(value: unknown, by: (node: DagNode) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof DagNode) return by(value);
  if (Array.isArray(value)) {
    let copy: unknown[] | null = null;
    for (const [i, member] of value.entries()) {
      const filled = fill(member, by);
      if (filled === member) continue;
      copy ??= [...value];
      copy[i] = filled;
    }
    return copy ?? value;
  }
  if (!isPlain(value)) return value;
  let copy: Record<string, unknown> | null = null;
  for (const key of Object.keys(value)) {
    const member = value[key];
    const filled = fill(member, by);
    if (filled === member) continue;
    copy ??= Object.defineProperties(
      Object.create(Object.getPrototypeOf(value)),
      Object.getOwnPropertyDescriptors(value),
    );
    setOwn(copy as Record<string, unknown>, key, filled);
  }
  return copy ?? value;
}

/** Also for the key `__proto__`. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}
