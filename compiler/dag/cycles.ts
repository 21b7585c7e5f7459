import type { Links } from './links.ts';

/** For every knot of nodes that need each other, one cycle through the earliest of them: places, the first again at the end. */
export function cyclesOf(links: Links): number[][] {
  const knots = knotOf(links);
  const done = new Set<number>();
  const cycles: number[][] = [];
  for (const [at, knot] of knots.entries()) {
    if (knot < 0 || done.has(knot)) continue;
    done.add(knot);
    cycles.push(shortestCycle(links, knots, at));
  }
  return cycles;
}

function sources(links: Links, at: number): readonly number[] {
  return [...(links.reads[at] ?? []), ...(links.follows[at] ?? [])];
}

/** By node: the number of its strongly connected component, -1 where that is the node alone (Tarjan's algorithm, without recursion). */
function knotOf(links: Links): Int32Array {
  const size = links.reads.length;
  const knots = new Int32Array(size).fill(-1);
  const found = new Int32Array(size).fill(-1);
  const low = new Int32Array(size);
  const waiting: number[] = [];
  const isWaiting = new Uint8Array(size);
  let count = 0;
  let knot = 0;
  const path: { readonly at: number; readonly from: readonly number[]; next: number }[] = [];
  const enter = (at: number): void => {
    found[at] = low[at] = count++;
    waiting.push(at);
    isWaiting[at] = 1;
    path.push({ at, from: sources(links, at), next: 0 });
  };
  const close = (at: number, loops: boolean): void => {
    const members = waiting.splice(waiting.lastIndexOf(at));
    for (const member of members) isWaiting[member] = 0;
    if (members.length === 1 && !loops) return;
    for (const member of members) knots[member] = knot;
    knot++;
  };
  for (let root = 0; root < size; root++) {
    if (found[root] !== -1) continue;
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { at, from } = top;
      const source = from[top.next++];
      if (source === undefined) {
        path.pop();
        const above = path.at(-1)?.at;
        if (above !== undefined) low[above] = Math.min(low[above] as number, low[at] as number);
        if (low[at] === found[at]) close(at, from.includes(at));
      } else if (found[source] === -1) enter(source);
      else if (isWaiting[source] === 1) low[at] = Math.min(low[at] as number, found[source] as number);
    }
  }
  return knots;
}

/** Breadth first from a node of a knot against the edges, until it is met again; told in the direction in which values go. */
function shortestCycle(links: Links, knots: Int32Array, start: number): number[] {
  const reader = new Map<number, number>();
  let open = [start];
  while (open.length > 0) {
    const next: number[] = [];
    for (const at of open) {
      for (const source of sources(links, at)) {
        if (knots[source] !== knots[start]) continue;
        if (source === start) {
          const cycle = [start];
          for (let node: number | undefined = at; node !== undefined; node = reader.get(node)) cycle.push(node);
          return cycle;
        }
        if (reader.has(source)) continue;
        reader.set(source, at);
        next.push(source);
      }
    }
    open = next;
  }
  return [start, start];
}
