import type { CallExpr, Expr, LiteralValue } from '../../expr.ts';
import type { DataType } from '../../types.ts';
import { isIntLike } from '../forms.ts';
import type { Slot } from '../gen.ts';
import { fewColumns, idOf } from '../nodes.ts';
import { genCall } from './calls.ts';
import { genCast } from './casts.ts';
import { genCase, genChain, genCoalesce, genIn, genIs } from './choices.ts';
import { genColumn, genLifted } from './columns.ts';
import type { Lanes } from './lanes.ts';
import { both, float, int32, int64, mask, type Rep, repOf, Unsupported, type Val } from './values.ts';

/** Native code for expressions: vector code over four rows at a time. Throws Unsupported where JavaScript has to do it. */
export class NativeGen {
  readonly w: Lanes;
  readonly slots: readonly Slot[];
  /** Columns of which some value may be beyond 2^53, by slot. */
  readonly wide: readonly boolean[];
  private readonly constant: (e: Expr) => LiteralValue;
  private readonly known = new Map<number, Val>();

  constructor(w: Lanes, slots: readonly Slot[], wide: readonly boolean[], constant: (e: Expr) => LiteralValue) {
    this.w = w;
    this.slots = slots;
    this.wide = wide;
    this.constant = constant;
  }

  /** Each expression is computed once, whoever needs it: all code of a turn is straight. */
  gen(e: Expr): Val {
    const id = idOf(e);
    let val = this.known.get(id);
    if (val === undefined) {
      val = this.make(e);
      this.known.set(id, val);
    }
    return val;
  }

  private make(e: Expr): Val {
    if (e.kind === 'literal') return this.literal(e.type, e.value);
    if (e.kind === 'column') return genColumn(this, e.name);
    if (e.kind === 'host') throw new Unsupported(`${e.fn.name} is a function of the host language`);
    const columns = [...fewColumns(e)];
    if (columns.length === 0) return this.literal(e.type, this.constant(e));
    const lifted = columns.length === 1 ? genLifted(this, e, columns[0] as string) : null;
    if (lifted !== null) return lifted;
    switch (e.kind) {
      case 'call':
        return this.call(e);
      case 'cast':
        return genCast(this, e);
      case 'case':
        return genCase(this, e.branches, e.otherwise, e.type);
      case 'in':
        return genIn(this, e);
      case 'lambda':
      case 'local':
        throw new Unsupported('a lambda');
    }
  }

  private call(e: CallExpr): Val {
    switch (e.fn) {
      case 'and':
      case 'or':
        return genChain(this, e);
      case 'coalesce':
      case 'ifnull':
        return genCoalesce(this, e);
      case 'if':
      case 'iff': {
        const [when, then, otherwise] = e.args as [Expr, Expr, Expr | undefined];
        const none: Expr = { kind: 'literal', value: null, type: e.type, nullable: true };
        return genCase(this, [{ when, then }], otherwise ?? none, e.type);
      }
      case 'is':
      case 'isnot':
        return genIs(this, e);
      default:
        return genCall(this, e);
    }
  }

  literal(t: DataType, value: LiteralValue): Val {
    const { w } = this;
    if (value === null) return this.nullOf(repOf(t));
    const masks = { n: null, err: null };
    if (t.kind === 'bool') return mask(value === true ? w.ones() : w.all64(0n), masks);
    if (t.kind === 'float') {
      const x = w.constantF64(value as number);
      // The bound tells that it is no nan; what it is says the constant.
      return float(x, x, masks, Number.isNaN(value) ? undefined : Number.MAX_VALUE);
    }
    if (!isIntLike(t) && t.kind !== 'date') throw new Unsupported(`a ${t.kind} constant`);
    const v = BigInt(value as number | bigint);
    const bound = Math.abs(Number(v));
    // Dates have 32 bits, the least of them too: a choice between dates must not become one between 64-bit values.
    if (v === BigInt.asIntN(32, v) && (bound < 2 ** 31 || t.kind === 'date'))
      return { ...int32(w.constant32(Number(v)), bound, masks), literal: v };
    if (v !== BigInt.asIntN(64, v)) throw new Unsupported('a constant beyond 64 bits');
    const x = w.constant64(BigInt.asUintN(64, v));
    return { ...int64(x, x, bound, masks), literal: v };
  }

  nullOf(rep: Rep): Val {
    const { w } = this;
    return { rep, ...both(w.all64(0n)), n: w.ones(), err: null, bound: 0, literal: null };
  }
}
