import type { Column } from './column.ts';

/** About how many bytes a row of these columns takes when it is copied: exact for text, an average below lists. */
export function widthOf(cols: readonly Column[]): (row: number) => number {
  let fixed = 0;
  const offsets: { readonly at: Int32Array; readonly each: number }[] = [];
  const add = (col: Column): void => {
    switch (col.phys) {
      case 'utf8':
        offsets.push({ at: col.offsets, each: 1 });
        break;
      case 'list':
        offsets.push({ at: col.offsets, each: meanWidth(col.child) });
        break;
      case 'struct':
        for (const child of col.children) add(child);
        break;
      default:
        fixed += FIXED[col.phys];
    }
  };
  for (const col of cols) add(col);
  return (row) => offsets.reduce((n, o) => n + ((o.at[row + 1] as number) - (o.at[row] as number)) * o.each, fixed);
}

const FIXED = { bool: 1, i32: 4, dict: 4, i64: 8, f64: 8, i128: 16, interval: 16, null: 0 } as const;

function meanWidth(col: Column): number {
  switch (col.phys) {
    case 'utf8':
      return 4 + ((col.offsets[col.length] as number) - (col.offsets[0] as number)) / Math.max(1, col.length);
    case 'list': {
      const items = (col.offsets[col.length] as number) - (col.offsets[0] as number);
      return 4 + (meanWidth(col.child) * items) / Math.max(1, col.length);
    }
    case 'struct':
      return col.children.reduce((n, c) => n + meanWidth(c), 0);
    default:
      return FIXED[col.phys];
  }
}
