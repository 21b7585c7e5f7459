import type { CallExpr, CaseExpr, Expr, InExpr, LiteralValue } from '../expr.ts';
import { comparisonImpl } from '../functions/comparison.ts';
import { compareValues } from '../functions/ordering.ts';
import type { DataType } from '../types.ts';
import { isIntLike } from './forms.ts';
import type { Gen, Val } from './gen.ts';
import { apply, argAs, overloadOf } from './gen_call.ts';

/** Operands of a chain of one operator, left to right: `a and b and c` is one flat chain, however it nests on the left. */
export function operands(e: CallExpr): Expr[] {
  const out: Expr[] = [];
  let at: Expr = e;
  while (at.kind === 'call' && at.fn === e.fn) {
    out.push(at.args[1] as Expr);
    at = at.args[0] as Expr;
  }
  out.push(at);
  return out.reverse();
}

/** `and`, `or`: the first operand that decides ends the chain; the rest is not evaluated. */
export function genChain(g: Gen, e: CallExpr): Val {
  const decides = e.fn === 'or';
  const list = operands(e).map((x) => argAs(x, e.type));
  const first = g.gen(list[0] as Expr);
  const v = g.name();
  const n = g.name();
  const label = g.name();
  const test = (x: Val): string => (decides ? x.v : `!${x.v}`);
  let nullable = false;
  g.emit(`let ${v} = ${!decides}, ${n} = false;`);
  g.block(`${label}:`, () => {
    const step = (x: Val): void => {
      if (x.n !== 'false') nullable = true;
      if (x.n === 'true') g.emit(`${n} = true;`);
      else {
        const clear = `{ ${v} = ${decides}; ${n} = false; break ${label}; }`;
        g.emit(x.n === 'false' ? `if (${test(x)}) ${clear}` : `if (${x.n}) ${n} = true; else if (${test(x)}) ${clear}`);
      }
    };
    step(first);
    for (const x of list.slice(1)) step(g.gen(x));
  });
  return { v, n: nullable ? n : 'false', bound: 1 };
}

/** Assigns a value to declared names. */
function assign(g: Gen, x: Val, v: string, n: string): void {
  if (x.n !== 'true') g.emit(`${v} = ${x.v};`);
  if (x.n !== 'false') g.emit(`${n} = ${x.n};`);
}

export function genCase(g: Gen, branches: CaseExpr['branches'], otherwise: Expr, type: DataType): Val {
  const v = g.name();
  const n = g.name();
  const label = g.name();
  let bound = 0;
  let nullable = false;
  g.emit(`let ${v} = ${g.zero(type)}, ${n} = false;`);
  const take = (e: Expr): void => {
    const x = g.gen(argAs(e, type));
    bound = Math.max(bound, x.bound);
    if (x.n !== 'false') nullable = true;
    assign(g, x, v, n);
  };
  g.block(`${label}:`, () => {
    for (const b of branches) {
      const when = g.gen(argAs(b.when, { kind: 'bool' }));
      if (when.n === 'true') continue;
      g.block(`if (${when.n === 'false' ? when.v : `!${when.n} && ${when.v}`})`, () => {
        take(b.then);
        g.emit(`break ${label};`);
      });
    }
    take(otherwise);
  });
  return { v, n: nullable ? n : 'false', bound };
}

export function genIf(g: Gen, e: CallExpr): Val {
  const [when, then, otherwise] = e.args as [Expr, Expr, Expr | undefined];
  const none: Expr = { kind: 'literal', value: null, type: e.type, nullable: true };
  return genCase(g, [{ when, then }], otherwise ?? none, e.type);
}

/** `??`: later operands are evaluated only where the earlier ones are null. */
export function genCoalesce(g: Gen, e: CallExpr): Val {
  const [head, ...rest] = e.args.map((a) => argAs(a, e.type));
  const first = g.gen(head as Expr);
  if (first.n === 'false' || rest.length === 0) return first;
  const v = g.name();
  const n = g.name();
  let bound = first.bound;
  g.emit(`let ${v} = ${first.v}, ${n} = ${first.n};`);
  let open = true;
  for (const arg of rest) {
    if (!open) break;
    g.block(`if (${n})`, () => {
      const x = g.gen(arg);
      bound = Math.max(bound, x.bound);
      g.emit(`${v} = ${x.v}; ${n} = ${x.n};`);
      open = x.n !== 'false';
    });
  }
  return { v, n: open ? n : 'false', bound };
}

/** `is`, `isnot`: null-safe, never null. */
export function genIs(g: Gen, e: CallExpr): Val {
  const { overload } = overloadOf(e);
  const [a, b] = e.args.map((x, k) => g.gen(argAs(x, overload.params[k] as DataType))) as [Val, Val];
  const negated = e.fn === 'isnot';
  const nulls = (code: string): Val => ({ v: g.let(code), n: 'false', bound: 1 });
  if (b.n === 'true' || a.n === 'true') {
    const other = b.n === 'true' ? a.n : b.n;
    return nulls(negated ? `(!${other})` : `(${other} === true)`);
  }
  const t = overload.params[0] as DataType;
  const same = apply(g, [a, b], {
    node: e,
    impl: comparisonImpl('eq', t),
    params: [t, t],
    result: e.type,
    sees: () => false,
    mayNull: false,
  });
  const equal = same.n === 'false' ? same.v : `(${same.n} ? ${a.n} === ${b.n} : ${same.v})`;
  return nulls(negated ? `(!${equal})` : `(${equal})`);
}

/** Few enough to compare one by one. */
const FEW = 3;

/** IN over constants: a hash set, or a chain of comparisons when few. */
export function genIn(g: Gen, e: InExpr): Val {
  const arg = g.gen(e.arg);
  if (arg.n === 'true') return g.nullVal(e.type);
  const found = g.let(membership(g, e, arg.v, arg.n));
  const v = e.negated ? g.let(`(!${found})`) : found;
  if (!e.hasNull) return { v, n: arg.n, bound: 1 };
  const n = g.let(arg.n === 'false' ? `(!${found})` : `(${arg.n} || !${found})`);
  return { v, n, bound: 1 };
}

function membership(g: Gen, e: InExpr, v: string, n: string): string {
  const t = e.arg.type;
  const values = e.values.filter((x) => x !== null);
  if (isIntLike(t) || t.kind === 'date' || t.kind === 'string' || t.kind === 'bool' || t.kind === 'float') {
    const constants = values.map((x) => g.toMode(t, x));
    const hashed = t.kind === 'float' || constants.length > FEW;
    if (hashed) return `${g.bind(new Set(constants))}.has(${v})`;
    return constants.length === 0 ? 'false' : `(${constants.map((c) => `${v} === ${g.bind(c)}`).join(' || ')})`;
  }
  const member = (x: LiteralValue): boolean => values.some((y) => compareValues(t, x, y) === 0);
  const test = `${g.bind(member)}(${v})`;
  return n === 'false' ? test : `(!${n} && ${test})`;
}
