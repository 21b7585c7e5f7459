import { EngineBug } from '../errors.ts';
import type { CallExpr, Expr } from '../expr.ts';
import { isIntLike } from './forms.ts';
import { Gen, type Mode, type Slot, type Val } from './gen.ts';
import { genCall } from './gen_call.ts';
import { genCast } from './gen_cast.ts';
import { genColumn, nullFlag } from './gen_column.ts';
import { genHost } from './gen_host.ts';
import { genCase, genChain, genCoalesce, genIf, genIn, genIs } from './gen_special.ts';
import { genTextTest } from './gen_text.ts';
import { fewColumns } from './nodes.ts';

export function newGen(slots: readonly Slot[], mode: Mode, trace: boolean): Gen {
  return new Gen(slots, mode, trace, genExpr);
}

function genExpr(g: Gen, e: Expr): Val {
  switch (e.kind) {
    case 'literal':
      return g.literal(e.type, e.value);
    case 'column':
      return genColumn(g, e.name);
    default:
      return genLifted(g, e) ?? genComputed(g, e);
  }
}

function genComputed(g: Gen, e: Exclude<Expr, { kind: 'literal' | 'column' }>): Val {
  switch (e.kind) {
    case 'call':
      return genNamed(g, e);
    case 'host':
      return genHost(g, e);
    case 'cast':
      return genCast(g, e);
    case 'case':
      return genCase(g, e.branches, e.otherwise, e.type);
    case 'in':
      return genIn(g, e);
    case 'lambda':
    case 'local':
      throw new EngineBug('a lambda, or a parameter of one, outside of a call that takes it');
  }
}

/** Calls whose code is their own: they choose what to evaluate, or how. */
function genNamed(g: Gen, e: CallExpr): Val {
  switch (e.fn) {
    case 'and':
    case 'or':
      return genChain(g, e);
    case 'coalesce':
    case 'ifnull':
      return genCoalesce(g, e);
    case 'if':
    case 'iff':
      return genIf(g, e);
    case 'is':
    case 'isnot':
      return genIs(g, e);
    default:
      return genTextTest(g, e) ?? genCall(g, e);
  }
}

/** An expression over a single dictionary column is looked up by code. */
function genLifted(g: Gen, e: Expr): Val | null {
  if (!g.slots.some((s) => s.lift)) return null;
  const columns = [...fewColumns(e)];
  const at = columns.length === 1 ? g.slots.findIndex((s) => s.name === columns[0]) : -1;
  const slot = g.slots[at];
  if (slot === undefined || !slot.lift) return null;
  const values = g.input(at, 'table', e);
  const nulls = g.input(at, 'nulls', e);
  const codes = g.input(at, 'codes');
  const flag = nullFlag(g, at, slot);
  const k = g.let(flag === 'false' ? `${codes}[i]` : `(${flag} ? ${nulls}.length - 1 : ${codes}[i])`);
  const n = g.let(`(${nulls}[${k}] === 1)`);
  const v = g.let(e.type.kind === 'bool' ? `(${values}[${k}] === 1)` : `${values}[${k}]`);
  return { v, n, bound: isIntLike(e.type) && g.mode === 'num' ? Number.MAX_SAFE_INTEGER : Number.POSITIVE_INFINITY };
}
