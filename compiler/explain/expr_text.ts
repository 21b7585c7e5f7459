import type { Expr, LiteralValue } from '../../engine/expr.ts';
import { type DataType, formatType } from '../../engine/types.ts';
import { quoteName } from '../../grammar/words.ts';

const INFIX: Readonly<Record<string, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  intdiv: '//',
  mod: '%',
  eq: '==',
  ne: '!=',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  is: 'is',
  isnot: 'is not',
  and: 'and',
  or: 'or',
  like: 'like',
  matches: 'matches',
  coalesce: '??',
};

/** A typed expression as the language would write it; for plans shown to people. */
export function exprText(e: Expr): string {
  switch (e.kind) {
    case 'column':
      return quoteName(e.name);
    case 'literal':
      return literalText(e.value, e.type);
    case 'local':
      return quoteName(e.name);
    case 'lambda': {
      const params = e.params.map(exprText);
      return `${params.length === 1 ? params[0] : `(${params.join(', ')})`} => ${exprText(e.body)}`;
    }
    case 'cast':
      return `${operand(e.arg)}::${formatType(e.type)}${e.safe ? '?' : ''}`;
    case 'in':
      return `${operand(e.arg)} ${e.negated ? 'not in' : 'in'} [${e.values.map((v) => literalText(v, e.arg.type)).join(', ')}${e.hasNull ? ', null' : ''}]`;
    case 'case':
      return `case ${e.branches.map((b) => `when ${exprText(b.when)} then ${exprText(b.then)}`).join(' ')} else ${exprText(e.otherwise)} end`;
    case 'host':
      return `${e.fn.name}(${e.args.map(exprText).join(', ')})`;
    case 'call': {
      const op = INFIX[e.fn];
      if (op !== undefined && e.args.length === 2) return e.args.map(operand).join(` ${op} `);
      if (e.fn === 'not' && e.args.length === 1) return `not ${operand(e.args[0] as Expr)}`;
      return `${e.fn}(${e.args.map(exprText).join(', ')})`;
    }
  }
}

function operand(e: Expr): string {
  const infix = e.kind === 'call' && (INFIX[e.fn] !== undefined || e.fn === 'not');
  return infix || e.kind === 'case' || e.kind === 'in' ? `(${exprText(e)})` : exprText(e);
}

const DAY_MS = 86_400_000;

export function literalText(v: LiteralValue, t: DataType): string {
  if (v === null) return 'null';
  if (typeof v === 'string') return JSON.stringify(v);
  if (t.kind === 'date' && typeof v === 'number') return `@${new Date(v * DAY_MS).toISOString().slice(0, 10)}`;
  if (t.kind === 'timestamp' && typeof v === 'number') return `@${new Date(v / 1000).toISOString()}`;
  if (t.kind === 'decimal' && (typeof v === 'number' || typeof v === 'bigint')) {
    const digits = String(v < 0 ? -v : v).padStart(t.scale + 1, '0');
    const text = t.scale === 0 ? digits : `${digits.slice(0, -t.scale)}.${digits.slice(-t.scale)}`;
    return v < 0 ? `-${text}` : text;
  }
  if (typeof v === 'object') return JSON.stringify(v, (_, x: unknown) => (typeof x === 'bigint' ? String(x) : x));
  return String(v);
}
