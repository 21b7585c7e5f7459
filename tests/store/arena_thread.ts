import { parentPort, workerData } from 'node:worker_threads';
import { Arena, type ArenaHandle } from '../../engine/memory/arena.ts';
import type { Block } from '../../engine/memory/types.ts';

const { handle, slot, steps } = workerData as { handle: ArenaHandle; slot: number; steps: number };
const arena = Arena.attach(handle, slot);

/** Allocates, marks, checks and frees at random: a mark another thread overwrote would show. */
function churn(): string {
  const held: { block: Block; mark: number }[] = [];
  let seed = slot * 7919;
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % n;
  };
  for (let step = 0; step < steps; step++) {
    if (held.length > 0 && random(2) === 0) {
      const [h] = held.splice(random(held.length), 1);
      if (h === undefined) continue;
      if (h.block.view[0] !== h.mark || h.block.view[h.block.bytes - 1] !== h.mark)
        return `a mark of thread ${slot} was overwritten`;
      arena.free(h.block);
      continue;
    }
    const block = arena.alloc(1 + random(random(8) === 0 ? 600_000 : 20_000), `owner ${slot}`);
    if (block === null) continue;
    const mark = (slot * 50 + (step % 50)) & 0xff;
    block.view[0] = mark;
    block.view[block.bytes - 1] = mark;
    held.push({ block, mark });
  }
  for (const h of held) {
    if (h.block.view[0] !== h.mark || h.block.view[h.block.bytes - 1] !== h.mark)
      return `a mark of thread ${slot} was overwritten`;
    arena.free(h.block);
  }
  return 'ok';
}

parentPort?.postMessage(churn());
