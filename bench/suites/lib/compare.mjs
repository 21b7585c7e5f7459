// Whether two answers are the same: rows in their order, numbers to a relative tolerance, the rest exactly.

const TOLERANCE = 1e-6;

/** A cell as all contestants write it: numbers as numbers, dates as YYYY-MM-DD. */
function normal(v) {
  if (typeof v === 'boolean') return Number(v);
  if (typeof v !== 'string') return v ?? null;
  if (/^\d{4}-\d\d-\d\dT00:00:00(\.0+)?Z$/.test(v)) return v.slice(0, 10);
  return v !== '' && Number.isFinite(Number(v)) ? Number(v) : v;
}

function same(a, b) {
  const [x, y] = [normal(a), normal(b)];
  if (typeof x !== 'number' || typeof y !== 'number') return x === y;
  return x === y || Math.abs(x - y) <= TOLERANCE * Math.max(1e-9, Math.abs(x), Math.abs(y));
}

/** null where the answers agree, else what differs first. */
export function difference(ours, theirs) {
  if (ours.length !== theirs.length) return `${ours.length} rows against ${theirs.length}`;
  for (const [i, row] of ours.entries()) {
    const other = theirs[i];
    if (row.length !== other.length || row.some((v, k) => !same(v, other[k])))
      return `row ${i + 1}: ${JSON.stringify(row)} against ${JSON.stringify(other)}`;
  }
  return null;
}
