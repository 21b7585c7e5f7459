import type { CallExpr, Expr, IntervalValue, LambdaExpr, LiteralValue, LocalExpr } from '../engine/expr.ts';
import { type DataType, T } from '../engine/types.ts';

/** There is no SQL for it, or none that means the same. */
export class NotInSql extends Error {
  override readonly name = 'NotInSql';
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const text = (s: string): string => `'${s.replaceAll("'", "''")}'`;

export function typeSql(t: DataType): string {
  switch (t.kind) {
    case 'bool':
      return 'BOOLEAN';
    case 'int':
      return 'BIGINT';
    case 'float':
      return 'DOUBLE';
    case 'decimal':
      return `DECIMAL(${t.precision}, ${t.scale})`;
    case 'string':
      return 'VARCHAR';
    case 'bytes':
      return 'BLOB';
    case 'date':
      return 'DATE';
    case 'time':
      return 'TIME';
    case 'timestamp':
      if (t.zone !== null) throw new NotInSql('a timestamp of a zone');
      return 'TIMESTAMP';
    case 'interval':
      return 'INTERVAL';
    case 'list':
      return `${typeSql(t.item.type)}[]`;
    case 'map':
      return `MAP(${typeSql(t.key)}, ${typeSql(t.value.type)})`;
    case 'struct':
      return `STRUCT(${t.fields.map((f) => `${quoted(f.name)} ${typeSql(f.type)}`).join(', ')})`;
    case 'json':
      return 'JSON';
    default:
      throw new NotInSql(`type ${t.kind}`);
  }
}

/** A value of a type as SQL writes it. */
export function literalSql(t: DataType, v: LiteralValue): string {
  if (v === null) return t.kind === 'null' ? 'NULL' : `CAST(NULL AS ${typeSql(t)})`;
  switch (t.kind) {
    case 'bool':
      return String(v);
    case 'int':
      return `CAST(${text(String(v))} AS BIGINT)`;
    case 'float':
      return `CAST(${text(Object.is(v, -0) ? '-0' : String(v))} AS DOUBLE)`;
    case 'decimal': {
      const n = BigInt(v as number);
      const digits = (n < 0n ? -n : n).toString().padStart(t.scale + 1, '0');
      const cut = digits.length - t.scale;
      return `CAST(${text(`${n < 0n ? '-' : ''}${digits.slice(0, cut)}.${digits.slice(cut)}`)} AS ${typeSql(t)})`;
    }
    case 'string':
      return text(v as string);
    case 'date':
      return `(DATE '1970-01-01' + CAST(${text(String(v))} AS INTEGER))`;
    case 'timestamp':
      return `make_timestamp(CAST(${text(String(v))} AS BIGINT))`;
    case 'interval': {
      const { months, days, micros } = v as IntervalValue;
      return `(to_months(${months}) + to_days(${days}) + to_microseconds(${micros}))`;
    }
    case 'list':
      return `CAST([${(v as readonly LiteralValue[]).map((x) => literalSql(t.item.type, x)).join(', ')}] AS ${typeSql(t)})`;
    case 'map': {
      const entries = v as readonly { readonly key: LiteralValue; readonly value: LiteralValue }[];
      const [keys, values] = [T.list(t.key), T.list(t.value.type)];
      return `map(${literalSql(
        keys,
        entries.map((e) => e.key),
      )}, ${literalSql(
        values,
        entries.map((e) => e.value),
      )})`;
    }
    case 'struct': {
      const of = v as Readonly<Record<string, LiteralValue>>;
      return `struct_pack(${t.fields.map((f) => `${quoted(f.name)} := ${literalSql(f.type, of[f.name] ?? null)}`).join(', ')})`;
    }
    case 'json':
      return `CAST(${text(v as string)} AS JSON)`;
    case 'bytes':
      return `from_hex(${text(Buffer.from(v as Uint8Array).toString('hex'))})`;
    default:
      throw new NotInSql(`a literal of type ${t.kind}`);
  }
}

type Columns = (name: string) => string;

export function expressionSql(e: Expr, column: Columns = quoted): string {
  const sub = (x: Expr): string => expressionSql(x, column);
  switch (e.kind) {
    case 'column':
      return column(e.name);
    case 'literal':
      return literalSql(e.type, e.value);
    case 'cast':
      if (e.type.kind === 'string' && e.arg.type.kind !== 'int') throw new NotInSql(`a ${e.arg.type.kind} as text`);
      return `${e.safe ? 'TRY_CAST' : 'CAST'}(${sub(e.arg)} AS ${typeSql(e.type)})`;
    case 'case':
      return `CASE ${e.branches.map((b) => `WHEN ${sub(b.when)} THEN ${sub(b.then)}`).join(' ')} ELSE ${sub(e.otherwise)} END`;
    case 'in': {
      const values = e.values.map((v) => literalSql(e.arg.type, v));
      const all = e.hasNull ? [...values, literalSql(e.arg.type, null)] : values;
      return `(${sub(e.arg)} ${e.negated ? 'NOT ' : ''}IN (${all.join(', ')}))`;
    }
    case 'call':
      return e.args.some((a) => a.kind === 'lambda') ? lambdaSql(e, sub) : callSql(e, sub);
    case 'local':
      return localName(e);
    default:
      throw new NotInSql(e.kind);
  }
}

const localName = (e: LocalExpr): string => quoted(`#${e.level}`);

/** Three values of logic over a list of conditions: `decides` is what one of them is enough for. */
function logicSql(conditions: string, decides: boolean): string {
  const open = `len(${conditions}) > list_count(${conditions})`;
  return `CASE WHEN ${conditions} IS NULL THEN NULL WHEN list_contains(${conditions}, ${decides}) THEN ${decides} WHEN ${open} THEN NULL ELSE ${!decides} END`;
}

function lambdaSql(e: CallExpr, sub: (x: Expr) => string): string {
  const lambda = e.args.find((a): a is LambdaExpr => a.kind === 'lambda') as LambdaExpr;
  const [list = '', ...rest] = e.args.filter((a) => a.kind !== 'lambda').map(sub);
  // Positions are from 1 there.
  const indexed = lambda.params.length > (e.fn === 'list_reduce' ? 2 : 1);
  if (indexed && e.fn !== 'list_filter') throw new NotInSql('a position in a lambda');
  const names = lambda.params.map(localName);
  const body = indexed ? sub(lambda.body).replaceAll(names[1] as string, `(${names[1]} - 1)`) : sub(lambda.body);
  const made = (fn: string): string => `${fn}(${list}, lambda ${names.join(', ')}: ${body})`;
  switch (e.fn) {
    case 'list_transform':
    case 'list_filter':
      return made(e.fn);
    case 'list_any':
    case 'list_all':
      return logicSql(made('list_transform'), e.fn === 'list_any');
    case 'list_reduce':
      if (rest.length > 0) throw new NotInSql('list_reduce from a start');
      return `CASE WHEN len(${list}) > 0 THEN ${made('list_reduce')} END`;
    default:
      throw new NotInSql(`lambda of ${e.fn}`);
  }
}

const infix =
  (op: string) =>
  (...args: readonly string[]): string =>
    `(${args.join(` ${op} `)})`;
const prefix =
  (name: string) =>
  (...args: readonly string[]): string =>
    `${name}(${args.join(', ')})`;

/** Functions by name. What is written for arguments of some types only is in callSql. */
const CALLS: Readonly<Record<string, (...args: readonly string[]) => string>> = {
  add: infix('+'),
  sub: infix('-'),
  mul: infix('*'),
  mod: infix('%'),
  eq: infix('='),
  ne: infix('<>'),
  lt: infix('<'),
  le: infix('<='),
  gt: infix('>'),
  ge: infix('>='),
  is: infix('IS NOT DISTINCT FROM'),
  isnot: infix('IS DISTINCT FROM'),
  and: infix('AND'),
  or: infix('OR'),
  not: (a) => `(NOT ${a})`,
  neg: (a) => `(-${a})`,
  abs: prefix('abs'),
  floor: prefix('floor'),
  coalesce: prefix('coalesce'),
  if: (a, b, c) => `CASE WHEN ${a} THEN ${b} ELSE ${c} END`,
  upper: prefix('upper'),
  trim: prefix('trim'),
  left: prefix('left'),
  starts_with: prefix('starts_with'),
  list_sum: prefix('list_sum'),
  year: prefix('year'),
  date_trunc: prefix('date_trunc'),
};

function callSql(e: CallExpr, sub: (x: Expr) => string): string {
  const args = e.args.map(sub);
  const kinds = e.args.map((a) => a.type.kind);
  switch (e.fn) {
    case 'div':
      return `(CAST(${args[0]} AS DOUBLE) / CAST(${args[1]} AS DOUBLE))`;
    case 'intdiv':
      // DuckDB rounds down.
      return `CAST(trunc(CAST(${args[0]} AS DECIMAL(38, 9)) / ${args[1]}) AS BIGINT)`;
    case 'concat':
      return `(${args.join(' || ')})`;
    case 'length':
      return kinds[0] === 'map' ? `cardinality(${args[0]})` : `len(${args[0]})`;
    case 'like':
      return `(${args[0]} LIKE ${args[1]})`;
    case 'list_value':
      return `CAST([${args.join(', ')}] AS ${typeSql(e.type)})`;
    case 'struct_pack':
      return structSql(e, args);
    case 'get':
    case 'index':
      return memberSql(e, args);
    case 'list_join':
      // A list of nulls only is null there.
      return `CASE WHEN ${args[0]} IS NOT NULL THEN coalesce(array_to_string(${args[0]}, ${args[1]}), '') END`;
    case 'reverse':
      throw new NotInSql('reverse, which keeps graphemes together there');
    case 'sub':
      if (kinds[0] === 'date' && kinds[1] === 'date') return `(${args[0]} - ${args[1]})`;
      return infix('-')(...args);
    case 'date_trunc':
      return `CAST(date_trunc(${args[0]}, ${args[1]}) AS ${typeSql(e.type)})`;
    case 'add':
      if (kinds[0] === 'date' && kinds[1] === 'int') return `(${args[0]} + CAST(${args[1]} AS INTEGER))`;
      break;
  }
  const known = CALLS[e.fn];
  if (known === undefined) throw new NotInSql(`function ${e.fn}`);
  const made = known(...args);
  return e.type.kind === 'decimal' || e.type.kind === 'int' ? `CAST(${made} AS ${typeSql(e.type)})` : made;
}

function structSql(e: CallExpr, args: readonly string[]): string {
  const fields = args.flatMap((value, k) => {
    const name = e.args[k - 1];
    return k % 2 === 1 && name?.kind === 'literal' ? [`${quoted(String(name.value))} := ${value}`] : [];
  });
  return `CAST(struct_pack(${fields.join(', ')}) AS ${typeSql(e.type)})`;
}

/** Positions are from 1 there, and from -1 on both sides. */
function memberSql(e: CallExpr, [of = '', at = '']: readonly string[]): string {
  const [container, key] = e.args;
  switch (container?.type.kind) {
    case 'list':
      return `${of}[CASE WHEN ${at} < 0 THEN ${at} ELSE ${at} + 1 END]`;
    case 'struct':
      if (key?.kind !== 'literal') throw new NotInSql('a field that is computed');
      return `struct_extract(${of}, ${text(String(key.value))})`;
    case 'map':
      return `map_extract_value(${of}, ${at})`;
    default:
      throw new NotInSql(`a member of ${container?.type.kind}`);
  }
}
