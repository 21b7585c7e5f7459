import type { Column } from '../batch/column.ts';
import { isValid } from '../batch/column.ts';
import type { RowComparator } from '../batch/compare.ts';
import { columnComparator } from '../batch/compare.ts';
import { NO_ROW } from '../batch/gather.ts';
import { keyEquality } from './join_keys.ts';
import type { LeftRows } from './join_left.ts';
import type { PairList } from './join_output.ts';
import type { JoinTable } from './join_table.ts';
import { columnAt, keyColumns } from './join_table.ts';
import type { Nearest } from './params.ts';

/**
 * Turns pairs of positions and the first row of their key into pairs with the row whose value is nearest, or NO_ROW. The rows of a key lie in the order of
 * their values. Rows of another key with the same tag may lie between: they are passed over.
 */
export function findNearest(
  left: LeftRows,
  value: number,
  table: JoinTable,
  nearest: Nearest,
  { positions, rights, n }: PairList,
): void {
  const own = left.batch.columns[value] as Column;
  const theirs = table.batch.columns[columnAt(table.batch.schema, nearest.right)] as Column;
  const compare = columnComparator(own, theirs);
  const back = nearest.op === 'ge' || nearest.op === 'gt';
  const passes = limitOf(nearest.op, compare);
  const sure = table.index === null || table.index.exact;
  const same = sure ? null : keyEquality(left.keys, keyColumns(table.batch, table.keys));
  const lastRow = table.index === null ? table.batch.rows - 1 : -1;
  for (let i = 0; i < n; i++) {
    const first = rights[i] as number;
    if (first === NO_ROW) continue;
    const p = positions[i] as number;
    const row = left.order === null ? p : (left.order[p] as number);
    if (!isValid(own, row)) {
      rights[i] = NO_ROW;
      continue;
    }
    const last = lastRow >= 0 ? lastRow : table.ends === null ? first : (table.ends[first] as number);
    const cut = partition(first, last + 1, row, passes);
    let at = back ? cut - 1 : cut;
    const step = back ? -1 : 1;
    while (at >= first && at <= last && same !== null && !same(row, at)) at += step;
    rights[i] = at >= first && at <= last ? at : NO_ROW;
  }
}

/** True for the rows before the cut: looking back those that are allowed, looking ahead those that are not yet. */
function limitOf(op: Nearest['op'], compare: RowComparator): (row: number, right: number) => boolean {
  switch (op) {
    case 'ge':
    case 'lt':
      return (row, right) => compare(row, right) >= 0;
    case 'gt':
    case 'le':
      return (row, right) => compare(row, right) > 0;
  }
}

/** The first row of [from, to) that is not before the cut; `to` when all are. */
function partition(from: number, to: number, row: number, before: (row: number, right: number) => boolean): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before(row, middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
