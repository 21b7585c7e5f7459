import type { Expr, LiteralValue } from '../../expr.ts';
import type { Slot } from '../gen.ts';
import { nullMask } from './columns.ts';
import { counted, type Gathered, gather } from './fold_lanes.ts';
import { NativeGen } from './gen.ts';
import { type Entry, LANES, Lanes, type V } from './lanes.ts';
import { constantOf, LEFT, moduleOf } from './module.ts';
import { Unsupported, type Val } from './values.ts';

/** One thing to gather over the rows that pass the filter; without an argument, how many they are. */
export interface FoldTerm {
  readonly what: Gathered;
  readonly arg: Expr | null;
}

export interface FoldRequest {
  readonly filter: Expr | null;
  readonly terms: readonly FoldTerm[];
  readonly slots: readonly Slot[];
  readonly wide: readonly boolean[];
  readonly constant: (e: Expr) => LiteralValue;
}

/** Where the vectors of a term lie in the output, 16 bytes each. */
export interface FoldPlace {
  readonly rep: Val['rep'];
  readonly at: number;
}

/** A module with one function `run(block, rows)`: 0, or -1 when a row is left to JavaScript. Its output: the vectors of all terms. */
export interface FoldCode {
  readonly bytes: Uint8Array;
  readonly entries: readonly Entry[];
  readonly places: readonly FoldPlace[];
  /** Vectors of the output. */
  readonly vectors: number;
}

/**
 * Filter, expressions and accumulators in one loop, without anything in between. Of four rows that the filter drops, nothing else is computed.
 * Throws Unsupported when there is no code for one of the expressions.
 */
export function generateFold(r: FoldRequest): FoldCode {
  const w = new Lanes(true);
  const g = new NativeGen(w, r.slots, r.wide, (e) => constantOf(r, e));
  const bad = w.running();
  const taken = filtered(w, g, r.filter, bad);
  const stored: V[] = [];
  const places = r.terms.map(({ what, arg }): FoldPlace => {
    const at = stored.length;
    if (arg === null) {
      stored.push(counted(w, taken));
      return { rep: 'i32', at };
    }
    if (what === 'count' && arg.kind === 'column') {
      stored.push(counted(w, w.without(taken, nullMask(g, arg.name)) as V));
      return { rep: 'i32', at };
    }
    const v = g.gen(arg);
    if (v.err !== null) w.gather(bad, w.v('v128.and', v.err, taken));
    const has = w.without(taken, v.n) as V;
    const { rep, vectors } = gather(w, what, v, has, (lanes) => w.gather(bad, lanes));
    stored.push(...vectors);
    return { rep, at };
  });
  finish(w, bad, stored);
  return { bytes: moduleOf(w), entries: w.entries, places, vectors: stored.length };
}

/** The rows that pass; code behind it is skipped where there are none. */
function filtered(w: Lanes, g: NativeGen, filter: Expr | null, bad: V): V {
  if (filter === null) return w.live();
  const v = g.gen(filter);
  if (v.rep !== 'mask') throw new Unsupported('a filter that is no truth value');
  if (v.err !== null) w.gather(bad, w.v('v128.and', v.err, w.live()));
  const taken = w.v('v128.and', w.without(v.x, v.n) as V, w.live());
  w.body.get(taken).vector('v128.any_true').op('i32.eqz').branchIf(0);
  return taken;
}

/** head; while (row < rows) { body, which may be left early; row += 4 }; the vectors are stored. */
function finish(w: Lanes, bad: V, stored: readonly V[]): void {
  const { code } = w.fn;
  const out = w.word('out', () => ({ kind: 'output', output: 0, part: 'values' }));
  code.append(w.head).block().get(w.rows).op('i32.eqz').branchIf(0).loop().block().append(w.body).end();
  code.get(w.row).i32(LANES).op('i32.add').tee(w.row).get(w.rows).op('i32.lt_s').branchIf(0).end().end();
  stored.forEach((v, k) => {
    code
      .get(out)
      .get(v)
      .vectorMemory('v128.store', 16 * k);
  });
  code.i32(LEFT).i32(0).get(bad).vector('v128.any_true').op('select');
}
