import type { RangeEnd, WindowCall, WindowNode } from '../compiler/logical.ts';
import type { SortKey } from '../engine/expr.ts';
import type { DataType } from '../engine/types.ts';
import { aggregateSqlOf } from './duckdb_aggregate.ts';
import { expressionSql, literalSql, NotInSql, quoted, typeSql } from './duckdb_expr.ts';

export function keySql(key: SortKey): string {
  return `${expressionSql(key.expr)} ${key.desc ? 'DESC' : 'ASC'} NULLS ${key.nullsFirst ? 'FIRST' : 'LAST'}`;
}

/** The query of a window, whose rows are not numbered anew yet, and the order that they come in. */
export function windowSql(n: WindowNode, from: string): { readonly query: string; readonly order: string } {
  const by = n.keys.map((k) => expressionSql(k));
  const partition = by.length === 0 ? '' : `PARTITION BY ${by.join(', ')} `;
  const sort = n.sort.map(keySql);
  // Rows that are equal in the order stand as they come.
  const total = [...sort, ...(n.ties === null ? [] : [expressionSql(n.ties)]), '"#"'].join(', ');
  const calls = n.calls.map((c) => {
    const order = countsRows(c) ? total : sort.join(', ');
    const ordered = order === '' ? '' : `ORDER BY ${order} `;
    const window = `OVER (${partition}${ordered}${frameSql(n, c)})`;
    return `CAST(${callSql(c, window, total)} AS ${typeSql(c.type)}) AS ${quoted(c.name)}`;
  });
  const number = `row_number() OVER (${partition}ORDER BY ${total})`;
  const last = n.take === null ? '' : ` AND ${number} <= ${n.skip + n.take}`;
  const chosen = n.skip === 0 && n.take === null ? '' : ` QUALIFY ${number} > ${n.skip}${last}`;
  const kept = n.inputs[0]?.schema.map((f) => quoted(f.name)) ?? [];
  const places = by.map((k, i) => `${k} AS "#k${i}"`);
  const keys = n.sort.map((k, i) => `${expressionSql(k.expr)} AS "#s${i}"`);
  const ties = n.ties === null ? [] : [`${expressionSql(n.ties)} AS "#t"`];
  const query = `SELECT ${[...kept, ...calls, ...places, ...keys, ...ties, '"#"'].join(', ')} FROM ${from}${chosen}`;
  const directions = n.sort.map(
    (k, i) => `"#s${i}" ${k.desc ? 'DESC' : 'ASC'} NULLS ${k.nullsFirst ? 'FIRST' : 'LAST'}`,
  );
  const order = [...by.map((_, i) => `"#k${i}"`), ...directions, ...(n.ties === null ? [] : ['"#t"']), '"#"'].join(
    ', ',
  );
  return { query, order };
}

/** Looks at single rows, so that their order has to be total; the others see peers together. */
function countsRows({ fn, frame }: WindowCall): boolean {
  if (['rank', 'dense_rank', 'percent_rank', 'cume_dist'].includes(fn)) return false;
  return ['row_number', 'ntile', 'lag', 'lead'].includes(fn) || frame.unit === 'rows';
}

function callSql(c: WindowCall, window: string, order: string): string {
  const args = c.args.map((a) => expressionSql(a));
  const [arg = '*'] = args;
  const nulls = c.ignoreNulls ? ' IGNORE NULLS' : '';
  switch (c.fn) {
    case 'row_number':
    case 'rank':
    case 'dense_rank':
    case 'percent_rank':
    case 'cume_dist':
      return `${c.fn}() ${window}`;
    case 'ntile':
      return `ntile(${c.constant}) ${window}`;
    case 'lag':
    case 'lead': {
      const fallback = c.fallback === null ? '' : `, ${expressionSql(c.fallback)}`;
      return `${c.fn}(${arg}, ${c.constant ?? 1}${fallback}${nulls}) ${window}`;
    }
    case 'first_value':
    case 'last_value':
      if (c.frame.unit === 'range') throw new NotInSql(`${c.fn} among peers`);
      return `${c.fn}(${arg}${nulls}) ${window}`;
    case 'nth_value':
      if (c.frame.unit === 'range') throw new NotInSql('nth_value among peers');
      return `nth_value(${arg}, ${c.constant}${nulls}) ${window}`;
  }
  const made = aggregateSqlOf(c.fn, args, { distinct: c.distinct, order, window: true });
  if ('why' in made) throw new NotInSql(made.why);
  return `${made.sql} ${window}`;
}

/** Functions about the order of the whole partition take no frame there, either. */
function frameSql(n: WindowNode, c: WindowCall): string {
  const { frame } = c;
  if (['row_number', 'rank', 'dense_rank', 'percent_rank', 'cume_dist', 'ntile', 'lag', 'lead'].includes(c.fn))
    return '';
  if (frame.unit === 'rows')
    return `ROWS BETWEEN ${rowsEnd(frame.low, 'PRECEDING')} AND ${rowsEnd(frame.high, 'FOLLOWING')}`;
  if (n.sort.length === 0) return '';
  const key = (n.sort[0] as SortKey).expr.type;
  return `RANGE BETWEEN ${rangeEnd(frame.low, 'PRECEDING', key)} AND ${rangeEnd(frame.high, 'FOLLOWING', key)}`;
}

function rowsEnd(end: number | null, open: string): string {
  if (end === null) return `UNBOUNDED ${open}`;
  return end === 0 ? 'CURRENT ROW' : `${Math.abs(end)} ${end < 0 ? 'PRECEDING' : 'FOLLOWING'}`;
}

function rangeEnd(end: RangeEnd, open: string, key: DataType): string {
  if (end === null) return `UNBOUNDED ${open}`;
  if (end.kind === 'bound') throw new NotInSql('a computed bound of a frame');
  const value = BigInt(Math.trunc(Number(end.value)));
  if (Number(end.value) === 0) return 'CURRENT ROW';
  const side = Number(end.value) < 0 ? 'PRECEDING' : 'FOLLOWING';
  const size = Math.abs(Number(end.value));
  switch (key.kind) {
    case 'int':
    case 'float':
    case 'decimal':
      return `${literalSql(key, key.kind === 'float' ? size : Number(value < 0n ? -value : value))} ${side}`;
    case 'date':
      return `to_days(${size}) ${side}`;
    case 'timestamp':
      return `to_microseconds(${size}) ${side}`;
    default:
      throw new NotInSql(`a range of ${key.kind}`);
  }
}
