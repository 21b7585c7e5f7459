/**
 * Names close to `wanted`, best first, for "did you mean": at most `limit`, each within a third of the longer name's
 * length in edits (insert, delete, replace, swap of neighbours), case ignored. Ties keep the order of `names`.
 */
export function nearestNames(wanted: string, names: readonly string[], limit = 3): string[] {
  const target = wanted.toLowerCase();
  const near: { name: string; distance: number }[] = [];
  for (const name of names) {
    const allowed = Math.max(1, Math.floor(Math.max(name.length, wanted.length) / 3));
    if (Math.abs(name.length - wanted.length) > allowed) continue;
    const distance = editDistance(target, name.toLowerCase());
    if (distance <= allowed) near.push({ name, distance });
  }
  near.sort((a, b) => a.distance - b.distance);
  return near.slice(0, limit).map((n) => n.name);
}

/** `did you mean "a" or "b"?`, or undefined when nothing is near. */
export function didYouMean(wanted: string, names: readonly string[]): string | undefined {
  const near = nearestNames(wanted, names).map((n) => `"${n}"`);
  return near.length === 0 ? undefined : `did you mean ${near.join(' or ')}?`;
}

/** Optimal string alignment distance over UTF-16 units. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}
