// Values that groups hold, in order of arrival: entry e belongs to group groupOf[e]. An index has the entries of group g at entries[starts[g]]
// up to entries[starts[g + 1]].
import { NONE } from './hash.ts';

/** Makes the index of `n` entries, taken as `arrival` has them (in order where it is NONE). `starts`: groups + 2 words. */
export function group_index(groupOf: u32, arrival: u32, n: u32, groups: u32, starts: u32, entries: u32): void {
  memory.fill(starts, 0, (groups + 2) << 2);
  for (let e: u32 = 0; e < n; e++) {
    const at = starts + (load<u32>(groupOf + (e << 2)) << 2);
    store<u32>(at, load<u32>(at, 8) + 1, 8);
  }
  for (let g: u32 = 2; g < groups + 2; g++) {
    const at = starts + (g << 2);
    store<u32>(at, load<u32>(at) + load<u32>(at - 4));
  }
  for (let i: u32 = 0; i < n; i++) {
    const e = arrival === NONE ? i : load<u32>(arrival + (i << 2));
    const at = starts + (load<u32>(groupOf + (e << 2)) << 2);
    const place = load<u32>(at, 4);
    store<u32>(at, place + 1, 4);
    store<u32>(entries + (place << 2), e);
  }
}

/** The entries of groups order[i], one group after another. */
export function group_list_entries(starts: u32, entries: u32, order: u32, n: u32, out: u32): void {
  let to = out;
  for (let i: u32 = 0; i < n; i++) {
    const at = starts + (load<u32>(order + (i << 2)) << 2);
    const end = entries + (load<u32>(at, 4) << 2);
    for (let from = entries + (load<u32>(at) << 2); from < end; from += 4) {
      store<u32>(to, load<u32>(from));
      to += 4;
    }
  }
}

/** groups[i], as often as list i of `offsets` has items. */
export function group_of_items(offsets: u32, groups: u32, n: u32, out: u32): void {
  let to = out;
  for (let i: u32 = 0; i < n; i++) {
    const g = load<u32>(groups + (i << 2));
    const at = offsets + (i << 2);
    for (let k = load<u32>(at, 4) - load<u32>(at); k > 0; k--) {
      store<u32>(to, g);
      to += 4;
    }
  }
}
