import { PAGE } from '../memory/pages.ts';
import type { StoreParts } from './parts.ts';

/** A copy that is on disk too costs a read at most, one that is not a write as well. */
const CLEAN_COST = 0.3;

interface Span {
  readonly first: number;
  readonly pages: number;
  readonly cost: number;
  /** Entry of the object in it; -1: free. */
  readonly e: number;
}

/**
 * Under the lock: the objects whose eviction makes one hole of `bytes` bytes for the least that has to be written; none when pinned objects and working memory leave no place for such a hole.
 */
export function cheapestHole({ arena, table }: StoreParts, bytes: number): readonly number[] {
  const pages = Math.max(1, Math.ceil(bytes / PAGE));
  const evictable = new Map<number, number>();
  table.byAge((e) => {
    evictable.set((table.page[e] as number) - 1, e);
    return true;
  });
  let best: readonly Span[] = [];
  let least = Number.POSITIVE_INFINITY;
  // A window over neighbouring spans without anything that has to stay.
  let window: Span[] = [];
  let inside = 0;
  let cost = 0;
  arena.spansHeld((first, n, used) => {
    const e = used ? (evictable.get(first) ?? -1) : -1;
    if (n === 0 || (used && e < 0)) {
      [window, inside, cost] = [[], 0, 0];
      return;
    }
    const own = used ? n * ((table.file[e] as number) > 0 ? CLEAN_COST : 1) : 0;
    window.push({ first, pages: n, cost: own, e });
    inside += n;
    cost += own;
    while (window[0] !== undefined && inside - window[0].pages >= pages) {
      inside -= window[0].pages;
      cost -= window[0].cost;
      window.shift();
    }
    if (inside >= pages && cost < least) [best, least] = [[...window], cost];
  });
  return best.filter((s) => s.e >= 0).map((s) => s.e);
}
