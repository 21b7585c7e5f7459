import type { Cell, ResultColumn, ResultTable } from './api.ts';
import { formatCount } from './size.ts';
import type { Style } from './style.ts';
import { cutToWidth, displayWidth } from './width.ts';

export interface TableOptions {
  readonly style: Style;
  /** Cells of the terminal; undefined: lines may be of any length and nothing is cut. */
  readonly width: number | undefined;
}

/** No column is cut below this many cells; columns that then still do not fit are left out of the middle. */
const NARROWEST = 6;
/** Border and padding of one column. */
const FRAME = 3;

const RIGHT_ALIGNED = /^(int|float|decimal)\b/;

interface Layout {
  /** Indices into the columns of the table; -1 stands for the ones left out. */
  readonly shown: readonly number[];
  readonly widths: readonly number[];
}

/**
 * Draws a result for a terminal: numbers to the right, nulls dim, long cells cut to the width, and a closing line
 * with the number of rows. Ends in a newline.
 */
export function renderTable(table: ResultTable, options: TableOptions): string {
  const { style } = options;
  const cells = table.rows.map((row) => table.columns.map((column, i) => cellText(row[i] ?? null, column)));
  const heads = table.columns.map((column) => escapeControls(column.name));
  const natural = heads.map((head, i) =>
    cells.reduce((widest, row) => Math.max(widest, displayWidth(row[i] ?? '')), displayWidth(head)),
  );
  const layout = fit(natural, options.width);

  const rule = (left: string, middle: string, right: string) =>
    style.dim(left + layout.widths.map((width) => '─'.repeat(width + 2)).join(middle) + right);
  const line = (texts: readonly string[], paint: (text: string, index: number) => string) => {
    const parts = layout.shown.map((index, place) => {
      if (index < 0) return ' … ';
      const text = cutToWidth(texts[index] ?? '', layout.widths[place] ?? 0);
      const gap = ' '.repeat(Math.max(0, (layout.widths[place] ?? 0) - displayWidth(text)));
      const painted = paint(text, index);
      return isRight(table.columns[index]) ? ` ${gap}${painted} ` : ` ${painted}${gap} `;
    });
    return style.dim('│') + parts.join(style.dim('│')) + style.dim('│');
  };

  const lines = [
    rule('┌', '┬', '┐'),
    line(heads, (text) => style.bold(text)),
    rule('├', '┼', '┤'),
    ...cells.map((texts, r) =>
      line(texts, (text, index) => ((table.rows[r]?.[index] ?? null) === null ? style.dim(text) : text)),
    ),
    rule('└', '┴', '┘'),
    rowCount(table, layout),
  ];
  const title = table.title === undefined ? '' : `${style.bold(escapeControls(table.title))}\n`;
  return `${title}${lines.join('\n')}\n`;
}

function rowCount(table: ResultTable, layout: Layout): string {
  const shownRows = table.rows.length;
  const plural = (count: number, word: string) => `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`;
  const rows = table.more
    ? `first ${plural(shownRows, 'row')}, there are more (--rows N shows more, --out csv all)`
    : plural(shownRows, 'row');
  const shownColumns = layout.shown.filter((index) => index >= 0).length;
  const hidden = shownColumns < table.columns.length;
  return hidden ? `${rows}, ${shownColumns} of ${plural(table.columns.length, 'column')} shown` : rows;
}

/** Widths that fit: the widest columns are cut first, evenly; then columns are left out of the middle. */
function fit(natural: readonly number[], width: number | undefined): Layout {
  const all = natural.map((_, index) => index);
  if (width === undefined || needed(natural) <= width) return { shown: all, widths: natural };

  const floor = natural.map((n) => Math.min(n, NARROWEST));
  const shown = [...all];
  while (shown.length > 2 && needed(shown.map((index) => floor[index] ?? 1)) > width) {
    if (!shown.includes(-1)) shown.splice(Math.ceil(shown.length / 2), 1, -1);
    else {
      const gap = shown.indexOf(-1);
      shown.splice(gap > shown.length - 1 - gap ? gap - 1 : gap + 1, 1);
    }
  }
  const wanted = shown.map((index) => (index < 0 ? 1 : (natural[index] ?? 1)));
  const budget = Math.max(shown.length, width - 1 - FRAME * shown.length);
  const limit = commonLimit(wanted, budget);
  return { shown, widths: wanted.map((w) => Math.min(w, limit)) };
}

const needed = (widths: readonly number[]) => 1 + widths.reduce((sum, w) => sum + w + FRAME, 0);

/** The largest limit (at least 1) such that the widths, each cut to it, add up to no more than the budget. */
function commonLimit(widths: readonly number[], budget: number): number {
  let limit = Math.max(1, ...widths);
  while (limit > 1 && widths.reduce((sum, w) => sum + Math.min(w, limit), 0) > budget) limit--;
  return limit;
}

const isRight = (column: ResultColumn | undefined) => column !== undefined && RIGHT_ALIGNED.test(column.type);

/** A cell as one line of text. Floats show up to six decimals: exact values are what `--out csv` is for. */
function cellText(cell: Cell, column: ResultColumn): string {
  if (cell === null) return 'null';
  if (typeof cell === 'number' && column.type.startsWith('float')) return floatText(cell);
  return escapeControls(String(cell));
}

function floatText(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude >= 1e15 || magnitude < 1e-4) return String(Number(value.toPrecision(7)));
  return String(Number(magnitude >= 1 ? value.toFixed(6) : value.toPrecision(6)));
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Control characters in data must neither break the table nor reach the terminal. */
function escapeControls(text: string): string {
  return text.replace(/\p{Cc}/gu, (c) => ESCAPES[c] ?? `\\x${(c.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`);
}
