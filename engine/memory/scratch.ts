import type { Store } from '../store/types.ts';
import { BumpScratch, type MeasuredScratch } from './bump.ts';
import type { Block } from './types.ts';

const MIN_SLAB = 64 << 10;
const MAX_SLAB = 1 << 20;

/** Scratch over the store's working memory; counts against its limit. `release` it when the task ends. */
export function arenaScratch(store: Store, owner = 'scratch'): MeasuredScratch {
  const slabBytes = Math.min(MAX_SLAB, Math.max(MIN_SLAB, 2 ** Math.floor(Math.log2(store.limit / 128))));
  return new BumpScratch<Block>({
    slabBytes,
    take: (bytes) => store.allocate(bytes, owner),
    give: (block) => store.free(block),
  });
}
