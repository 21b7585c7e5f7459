import { EngineBug } from '../errors.ts';
import type { CastExpr, LiteralValue } from '../expr.ts';
import type { FunctionImpl } from '../functions/def.ts';
import { DAY_MICROS } from '../functions/limits.ts';
import { type DataType, type Field, formatType } from '../types.ts';
import { castError, castFn } from './cast.ts';
import type { Gen, Val } from './gen.ts';
import { apply } from './gen_call.ts';

export function genCast(g: Gen, e: CastExpr): Val {
  const from = e.arg.type;
  const to = e.type;
  const arg = g.gen(e.arg);
  if (from.kind === 'null') return g.nullVal(to);
  if (sameValues(from, to)) return arg;
  const quick = quickCast(g, arg, from, to, e.safe);
  if (quick !== null)
    return apply(g, [arg], { node: e, impl: quick, params: [from], result: to, sees: () => false, mayNull: false });
  return apply(g, [arg], {
    node: e,
    impl: { call: caller(from, to, e.safe) },
    params: [from],
    result: to,
    sees: () => false,
    mayNull: e.safe || from.kind === 'json',
  });
}

/** Casts that change nothing about the value. */
export function sameValues(from: DataType, to: DataType): boolean {
  if (from.kind === 'decimal' && to.kind === 'decimal')
    return from.scale === to.scale && from.precision <= to.precision;
  if (from.kind === 'timestamp' && to.kind === 'timestamp') return true;
  if (from.kind === 'list' && to.kind === 'list') return sameValues(from.item.type, to.item.type);
  if (from.kind === 'map' && to.kind === 'map')
    return sameValues(from.key, to.key) && sameValues(from.value.type, to.value.type);
  if (from.kind === 'struct' && to.kind === 'struct') {
    const named = (f: Field, i: number): boolean =>
      f.name === to.fields[i]?.name && sameValues(f.type, to.fields[i].type);
    return from.fields.length === to.fields.length && from.fields.every(named);
  }
  return from.kind === to.kind && from.kind !== 'decimal';
}

/** Casts that are arithmetic, and cannot fail on an argument of this bound or may fail loudly. */
function quickCast(g: Gen, arg: Val, from: DataType, to: DataType, safe: boolean): FunctionImpl | null {
  if (
    to.kind === 'float' &&
    (from.kind === 'int' || (from.kind === 'decimal' && from.scale <= 22 && g.mode === 'num'))
  ) {
    if (from.kind === 'decimal') {
      const by = g.bind(10 ** from.scale);
      return { inline: (a) => `(${a} / ${by})` };
    }
    return { inline: (a) => `${a}`, inlineWide: (a) => `Number(${a})` };
  }
  if (from.kind === 'bool' && (to.kind === 'int' || to.kind === 'float')) return { inline: (a) => `(${a} ? 1 : 0)` };
  if (to.kind === 'decimal' && (from.kind === 'int' || from.kind === 'decimal')) return scaleUp(g, arg, from, to);
  if (from.kind === 'date' && to.kind === 'timestamp' && to.zone === null && !safe) {
    return {
      inline: (a) => `(${a} * ${DAY_MICROS})`,
      inlineWide: (a) => `(BigInt(${a}) * ${DAY_MICROS}n)`,
      mayOverflow: true,
    };
  }
  if (from.kind === 'timestamp' && from.zone === null && to.kind === 'date' && g.mode === 'num') {
    return { inline: (a) => `Math.floor(${a} / ${DAY_MICROS})` };
  }
  return null;
}

/** More decimal places: a multiplication, when the result is known to fit the precision and the exact range. */
function scaleUp(g: Gen, arg: Val, from: DataType, to: DataType & { kind: 'decimal' }): FunctionImpl | null {
  const shift = to.scale - (from.kind === 'decimal' ? from.scale : 0);
  const bound = arg.bound * 10 ** shift;
  if (shift < 0 || bound >= 10 ** to.precision || (g.mode === 'num' && bound > Number.MAX_SAFE_INTEGER)) return null;
  const factor = g.bind(g.mode === 'wide' ? 10n ** BigInt(shift) : 10 ** shift);
  const code = (a: string): string => `(${a} * ${factor})`;
  return { inline: code, inlineWide: code, bound: () => bound };
}

function caller(from: DataType, to: DataType, safe: boolean): FunctionImpl['call'] {
  const fn = castFn(from, to);
  if (fn === null) throw new EngineBug(`no cast from ${formatType(from)} to ${formatType(to)}`);
  if (safe) return fn;
  const nullText = from.kind === 'json' && to.kind !== 'json' && to.kind !== 'string';
  return (v: LiteralValue): LiteralValue => {
    const r = fn(v);
    if (r === null && !(nullText && (v as string).trim() === 'null')) throw castError(v, from, to);
    return r;
  };
}
