import type { Column } from '../batch/column.ts';
import { type Cells, type ColumnPlan, Nulls } from './csv_columns.ts';
import { JsonMisfit } from './json_columns.ts';
import { jsonColumn } from './json_nested.ts';
import { JsonFault, JsonScanner } from './json_scanner.ts';

/** Lists, structs, maps and json from fields that hold JSON, as the writer writes them. */
export function nestedColumn(c: Cells, plan: ColumnPlan): Column {
  const { cell } = c;
  const { ends, stride, rows } = c.index;
  const nulls = new Nulls(c, plan);
  const column = jsonColumn(plan);
  const s = new JsonScanner();
  for (let row = 0, at = plan.source; row < rows; row++, at += stride) {
    if (!cell.find(ends[at]! + 1, ends[at + 1]!, false)) {
      nulls.put(row);
      column.putNull();
      continue;
    }
    const text = plan.dialect.latin1 ? Buffer.from(cell.string()) : null;
    s.over(text ?? cell.bytes, text ?? cell.text, text === null ? cell.from : 0, text === null ? cell.to : text.length);
    try {
      column.read(s);
      s.done();
    } catch (e) {
      if (!(e instanceof JsonFault || e instanceof JsonMisfit)) throw e;
      column.truncate(row);
      nulls.misfit(row, 'type');
      column.putNull();
    }
  }
  return column.finish(c.scratch);
}
