/** Nearest-name suggestions. */

/**
 * The edit distance of two strings: insertions, deletions, substitutions and swaps of neighbours count 1 each
 * (optimal string alignment). Gives up with `limit + 1` once the distance must exceed `limit`.
 */
export function editDistance(a: string, b: string, limit: number = Number.POSITIVE_INFINITY): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let best = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
      if (cost < best) best = cost;
    }
    if (best > limit) return limit + 1;
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/**
 * Up to `count` candidates near enough to `name` to be what was meant, nearest first; among equals the one that
 * comes first in `candidates`. Case and `_` do not count, and a name may miss a third of its letters, at most 3.
 */
export function suggestAll(name: string, candidates: Iterable<string>, count = 3): string[] {
  const wanted = fold(name);
  const limit = wanted.length < 2 ? 0 : Math.min(3, Math.floor(Math.max(wanted.length, 3) / 3));
  const found: { text: string; distance: number }[] = [];
  for (const text of new Set(candidates)) {
    if (text === name) continue;
    const other = fold(text);
    let distance = editDistance(wanted, other, limit);
    // A name that was cut short or written longer (`cust` for `customer`) is near too, but behind real near misses.
    if (
      distance > limit &&
      Math.min(wanted.length, other.length) >= 3 &&
      (other.startsWith(wanted) || wanted.startsWith(other))
    )
      distance = limit + 0.5;
    // Of two near misses, people rarely mistype the first letter.
    if (distance > 0 && wanted[0] !== other[0]) distance += 0.25;
    if (distance <= limit + 0.5) found.push({ text, distance });
  }
  found.sort((a, b) => a.distance - b.distance);
  return found.slice(0, count).map((item) => item.text);
}

/** The nearest candidate, or null when none is near. */
export function suggest(name: string, candidates: Iterable<string>): string | null {
  return suggestAll(name, candidates, 1)[0] ?? null;
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll('_', '');
}
