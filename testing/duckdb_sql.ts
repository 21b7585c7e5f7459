import type {
  AggregateNode,
  ExplodeNode,
  JoinNode,
  LogicalNode,
  LogicalPlan,
  SortNode,
  UnpivotNode,
} from '../compiler/logical.ts';
import type { Expr } from '../engine/expr.ts';
import type { Schema } from '../engine/types.ts';
import { aggregateSqlOf } from './duckdb_aggregate.ts';
import { expressionSql, NotInSql, quoted, typeSql } from './duckdb_expr.ts';
import { keySql, windowSql } from './duckdb_window.ts';

/**
 * A logical plan as SQL for DuckDB: a query for each output, one common table expression a node. Order is kept by a column of row numbers where the language has
 * one, so that `take`, `first` and the like mean the same. Tables are named as their sources are displayed. Throws NotInSql for what has no twin there.
 */
export function planSql(plan: LogicalPlan): readonly string[] {
  return plan.outputs.map((o) => {
    const parts: string[] = [];
    const names = new Map<LogicalNode, string>();
    const visit = (n: LogicalNode): string => {
      const known = names.get(n);
      if (known !== undefined) return known;
      const inputs = n.inputs.map(visit);
      const name = `t${names.size}`;
      names.set(n, name);
      parts.push(`${name} AS (${nodeSql(n, inputs)})`);
      return name;
    };
    const last = visit(o.input);
    return `WITH ${parts.join(',\n')}\nSELECT ${columnList(o.input.schema)} FROM ${last} ORDER BY "#"`;
  });
}

const columnList = (schema: Schema): string => schema.map((f) => quoted(f.name)).join(', ');

/** Every query gives the columns of the node's schema and "#", the place of each row. */
function nodeSql(n: LogicalNode, inputs: readonly string[]): string {
  const [from = '', right = ''] = inputs;
  const all = columnList(n.schema);
  switch (n.op) {
    case 'scan':
      return `SELECT ${all}, "#" FROM ${quoted(n.source.display)}`;
    case 'filter':
      return `SELECT ${all}, "#" FROM ${from} WHERE ${expressionSql(n.predicate)}`;
    case 'project':
      return `SELECT ${n.outputs.map((o) => `${expressionSql(o.expr)} AS ${quoted(o.name)}`).join(', ')}, "#" FROM ${from}`;
    case 'aggregate':
      return aggregateSql(n, from);
    case 'sort':
      return sortSql(n, from);
    case 'limit': {
      const most = n.take === null ? '' : `LIMIT ${n.take} `;
      return `SELECT ${all}, "#" FROM ${from} ORDER BY "#" ${most}OFFSET ${n.skip}`;
    }
    case 'distinct': {
      const keys = n.keys === null ? all : n.keys.map(quoted).join(', ');
      return `SELECT ${all}, "#" FROM ${from} QUALIFY row_number() OVER (PARTITION BY ${keys} ORDER BY "#") = 1`;
    }
    case 'union': {
      return numbered(
        inputs.map((t, i) => `SELECT ${all}, ${i} AS "#i", "#" FROM ${t}`).join(' UNION ALL '),
        all,
        '"#i", "#"',
      );
    }
    case 'join':
      return joinSql(n, from, right);
    case 'explode':
      return explodeSql(n, from);
    case 'unpivot':
      return unpivotSql(n, from);
    case 'place':
      return `SELECT *, "#" AS ${quoted(n.name)} FROM ${from}`;
    case 'number':
      return `SELECT *, row_number() OVER (ORDER BY "#") - 1 AS ${quoted(n.as)} FROM ${from}`;
    case 'single':
      return `SELECT ${n.schema.map((f) => `r.${quoted(f.name)}`).join(', ')}, 0 AS "#" FROM (SELECT 1) LEFT JOIN ${from} r ON true`;
    case 'repeat': {
      const rows = `SELECT *, unnest(range(coalesce(${quoted(n.count)}, 0))) AS "#i" FROM ${from}`;
      return numbered(rows, all, '"#", "#i"');
    }
    case 'window': {
      const { query, order } = windowSql(n, from);
      return numbered(query, all, order);
    }
    default:
      throw new NotInSql(n.op);
  }
}

/** Rows numbered anew. */
function numbered(query: string, columns: string, order: string): string {
  return `SELECT ${columns}, row_number() OVER (ORDER BY ${order}) AS "#" FROM (${query})`;
}

function sortSql(n: SortNode, from: string): string {
  const rows = numbered(`SELECT * FROM ${from}`, columnList(n.schema), [...n.keys.map(keySql), '"#"'].join(', '));
  return n.limit === null ? rows : `SELECT * FROM (${rows}) ORDER BY "#" LIMIT ${n.limit}`;
}

function aggregateSql(n: AggregateNode, from: string): string {
  const keys = n.keys.map((k) => `${expressionSql(k.expr)} AS ${quoted(k.name)}`);
  const calls = n.aggregates.map((a) => {
    const args = a.args.map((x) => expressionSql(x));
    const made = aggregateSqlOf(a.fn, args, { distinct: a.distinct, order: '"#"', window: false });
    if ('why' in made) throw new NotInSql(made.why);
    return `CAST(${made.sql} AS ${typeSql(a.type)}) AS ${quoted(a.name)}`;
  });
  const by = n.keys.length === 0 ? '' : ` GROUP BY ${n.keys.map((k) => expressionSql(k.expr)).join(', ')}`;
  return `SELECT ${[...keys, ...calls, 'coalesce(min("#"), 0) AS "#"'].join(', ')} FROM ${from}${by}`;
}

/** A right row is tested as a struct `b`, so that names of both sides cannot collide. */
function joinSql(n: JoinNode, from: string, right: string): string {
  const left = n.inputs[0]?.schema ?? [];
  const keys = n.leftKeys.map((k, i) => `${qualified(k, 'l')} = ${qualified(n.rightKeys[i] as Expr, 'r')}`);
  const names = new Map(n.right.map((r) => [r.name, `r.${quoted(r.column)}`]));
  const rest =
    n.residual === null
      ? []
      : [
          expressionSql(
            n.residual,
            (name) => names.get(name) ?? (left.some((f) => f.name === name) ? `l.${quoted(name)}` : quoted(name)),
          ),
        ];
  const on = [...keys, ...rest].join(' AND ') || 'true';
  const mine = left.map((f) => `l.${quoted(f.name)}`);
  if (n.matching !== 'many') throw new NotInSql('a bound on matches');
  if (n.kind === 'semi' || n.kind === 'anti')
    return `SELECT ${mine.join(', ')}, l."#" FROM ${from} l WHERE ${n.kind === 'anti' ? 'NOT ' : ''}EXISTS (SELECT 1 FROM ${right} r WHERE ${on})`;
  const added = n.add.map((a) => `r.${quoted(a.column)} AS ${quoted(a.name)}`);
  const columns = [...mine, ...added, 'l."#" AS "#l"', 'r."#" AS "#r"'].join(', ');
  const [nearer, nearest] = n.nearest === null ? ['', ''] : nearestSql(n.nearest);
  const rows = `SELECT ${columns} FROM ${from} l ${JOINS[n.kind]} ${right} r ON ${on}${nearer}${nearest}`;
  return numbered(rows, columnList(n.schema), '"#l" NULLS LAST, "#r"');
}

const JOINS = { inner: 'JOIN', left: 'LEFT JOIN', right: 'RIGHT JOIN', full: 'FULL JOIN', asof: 'LEFT JOIN' } as const;

/** The condition, and the choice of one row of those that meet it: looking back the last of several that are equal, looking ahead the first. */
function nearestSql({ op, left, right }: NonNullable<JoinNode['nearest']>): readonly [string, string] {
  const [a, b] = [qualified(left, 'l'), qualified(right, 'r')];
  const back = op === 'ge' || op === 'gt';
  const how = back ? 'DESC' : 'ASC';
  const order = `${b} ${how} NULLS LAST, r."#" ${how}`;
  return [` AND ${a} ${OPS[op]} ${b}`, ` QUALIFY row_number() OVER (PARTITION BY l."#" ORDER BY ${order}) = 1`];
}

const OPS = { ge: '>=', gt: '>', le: '<=', lt: '<' } as const;

function qualified(e: Expr, side: string): string {
  return expressionSql(e, (name) => `${side}.${quoted(name)}`);
}

/** Lists in step: item by item, as far as the longest of them goes. */
function explodeSql(n: ExplodeNode, from: string): string {
  const input = n.inputs[0]?.schema ?? [];
  const isMap = n.lists.some((l) => input.find((f) => f.name === l)?.type.kind !== 'list');
  if (isMap) throw new NotInSql('a map as rows');
  const rest = n.schema.filter((f) => !n.lists.includes(f.name)).map((f) => quoted(f.name));
  const longest = `greatest(${[n.outer ? 1 : 0, ...n.lists.map((l) => `coalesce(len(${quoted(l)}), 0)`)].join(', ')})`;
  const places = `SELECT *, unnest(range(1, ${longest} + 1)) AS "#i" FROM ${from}`;
  const items = n.lists.map((l) => `${quoted(l)}["#i"] AS ${quoted(l)}`);
  const rows = `SELECT ${[...rest, ...items, '"#"', '"#i"'].join(', ')} FROM (${places})`;
  return numbered(rows, columnList(n.schema), '"#", "#i"');
}

function unpivotSql(n: UnpivotNode, from: string): string {
  const rest = n.schema.filter((f) => f.name !== n.name && f.name !== n.value).map((f) => quoted(f.name));
  const rows = n.columns.map(
    ({ column, label }, i) =>
      `SELECT ${[...rest, `'${label.replaceAll("'", "''")}' AS ${quoted(n.name)}`, `${quoted(column)} AS ${quoted(n.value)}`, '"#"', `${i} AS "#i"`].join(', ')} FROM ${from}`,
  );
  return numbered(rows.join(' UNION ALL '), columnList(n.schema), '"#", "#i"');
}
