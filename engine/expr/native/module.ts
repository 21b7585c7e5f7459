import { RunError } from '../../errors.ts';
import type { Expr, LiteralValue } from '../../expr.ts';
import { assembleModule } from '../../wasm/assembler.ts';
import type { Slot } from '../gen.ts';
import { NativeGen } from './gen.ts';
import { type Entry, LANES, Lanes, type V } from './lanes.ts';
import { asInt32, asInt64, highWords, narrowMask, type Rep, Unsupported, type Val } from './values.ts';

/**
 * How native code stores a result: `i32` holds while every value fits, which the code reports; 64-bit results report how wide they are.
 */
export type NativeForm = 'bool' | 'i32' | 'date' | 'i64' | 'f64';

export interface NativeRequest {
  readonly kind: 'filter' | 'project';
  readonly exprs: readonly Expr[];
  readonly slots: readonly Slot[];
  /** Columns that may hold values beyond 2^53, by slot. */
  readonly wide: readonly boolean[];
  readonly dense: boolean;
  /** Form of each output; a filter has none. */
  readonly forms: readonly NativeForm[];
  /** Values of expressions without columns. */
  readonly constant: (e: Expr) => LiteralValue;
}

/** A module with one function `run(block, rows)`: 0, or the number of selected rows; -1 when a row is left to JavaScript. */
export interface NativeCode {
  readonly bytes: Uint8Array;
  readonly entries: readonly Entry[];
  /** Whether output j may hold nulls. */
  readonly nullable: readonly boolean[];
}

/** Result of code that met a row it cannot compute. */
export const LEFT = -1;

/** Where the positions of the bits of a number from 0 to 15 stand in the block, in front of its entries: 16 bytes each. */
export const POSITIONS = Int32Array.from({ length: 64 }, (_, k) => {
  const bits = [0, 1, 2, 3].filter((b) => ((k >> 2) >> b) & 1);
  return bits[k & 3] ?? 0;
});

/** Code for all of the expressions. Throws Unsupported when there is none for one of them. */
export function generateNative(r: NativeRequest): NativeCode {
  const w = new Lanes(r.dense);
  const g = new NativeGen(w, r.slots, r.wide, (e) => constantOf(r, e));
  const vals = r.exprs.map((e) => g.gen(e));
  const bad = w.running();
  for (const v of vals) if (v.err !== null) w.gather(bad, w.v('v128.and', v.err, w.live()));
  const tail: (() => void)[] = [];
  const count = w.fn.local('i32');
  if (r.kind === 'filter') storeSelected(w, vals[0] as Val, count);
  else for (const [j, v] of vals.entries()) tail.push(...store(w, v, r.forms[j] as NativeForm, j));
  finish(w, bad, count, tail);
  return { bytes: moduleOf(w), entries: w.entries, nullable: vals.map((v) => v.n !== null) };
}

/** The bytes of a module with the function `run`. */
export function moduleOf(w: Lanes): Uint8Array {
  const memory = { module: 'env', name: 'memory', initial: 1, maximum: 65536, shared: true };
  return assembleModule({ memory, functions: [{ name: 'run', fn: w.fn }] });
}

/** The value of an expression without columns. */
export function constantOf(r: Pick<NativeRequest, 'constant'>, e: Expr): LiteralValue {
  try {
    return r.constant(e);
  } catch (error) {
    if (error instanceof RunError) throw new Unsupported('a constant that fails');
    throw error;
  }
}

/** head; while (row < rows) { body; row += 4 }; tail; result. */
function finish(w: Lanes, bad: V, count: number, tail: readonly (() => void)[]): void {
  const { code } = w.fn;
  code.append(w.head).block().get(w.rows).op('i32.eqz').branchIf(0).loop().append(w.body);
  code.get(w.row).i32(LANES).op('i32.add').tee(w.row).get(w.rows).op('i32.lt_s').branchIf(0).end().end();
  for (const write of tail) write();
  code.i32(LEFT).get(count).get(bad).vector('v128.any_true').op('select');
}

/** Appends the numbers of the rows where a predicate is true to the selection. */
function storeSelected(w: Lanes, v: Val, count: number): void {
  const { body } = w;
  const out = w.word('out', () => ({ kind: 'output', output: 0, part: 'values' }));
  const positions = w.once('positions', () =>
    w.scalar(
      w.head
        .get(w.block)
        .i32(4 * POSITIONS.length)
        .op('i32.sub'),
    ),
  );
  const taken = w.v('v128.and', w.without(v.x, v.n) as V, w.live());
  const bits = w.scalar(body.get(taken).vector('i32x4.bitmask'));
  body.get(out).get(count).i32(2).op('i32.shl').op('i32.add');
  body.get(positions).get(bits).i32(4).op('i32.shl').op('i32.add').vectorMemory('v128.load');
  body.get(w.row).vector('i32x4.splat').vector('i32x4.add').vectorMemory('v128.store');
  body.get(count).get(bits).op('i32.popcnt').op('i32.add').set(count);
}

const REPS: Readonly<Record<NativeForm, readonly Rep[]>> = {
  bool: ['mask'],
  i32: ['i32', 'i64'],
  date: ['i32'],
  i64: ['i32', 'i64'],
  f64: ['f64'],
};

/** Stores output `j`; gives what is to be written once the rows are done. */
function store(w: Lanes, v: Val, form: NativeForm, j: number): (() => void)[] {
  if (!REPS[form].includes(v.rep)) throw new Unsupported(`a ${v.rep} result as ${form}`);
  const tail: (() => void)[] = [];
  if (v.n !== null) storeNulls(w, v.n, j, tail);
  const out = w.word(`out${j}`, () => ({ kind: 'output', output: j, part: 'values' }));
  switch (form) {
    case 'bool':
      storeBits(w, out, w.v('v128.and', w.without(v.x, v.n) as V, w.live()));
      break;
    case 'date':
      storeVectors(w, out, 2, [v.x]);
      break;
    case 'i32':
      if (v.bound >= 2 ** 31 && v.rep === 'i64') report(w, j, 'beyond32', beyond32(w, v), v, tail);
      storeVectors(w, out, 2, [asInt32(w, v).x]);
      break;
    case 'i64': {
      const wide = asInt64(w, v);
      report(w, j, 'beyond32', beyond32(w, wide), v, tail);
      if (v.bound > Number.MAX_SAFE_INTEGER) report(w, j, 'beyond53', beyond53(w, wide), v, tail);
      storeVectors(w, out, 3, [wide.x, wide.y]);
      break;
    }
    case 'f64':
      storeVectors(w, out, 3, [v.x, v.y]);
      break;
  }
  return tail;
}

function storeVectors(w: Lanes, out: number, shift: number, vectors: readonly V[]): void {
  const { body } = w;
  vectors.forEach((v, k) => {
    body
      .get(out)
      .get(w.row)
      .i32(shift)
      .op('i32.shl')
      .op('i32.add')
      .get(v)
      .vectorMemory('v128.store', 16 * k);
  });
}

/** Two turns fill a byte: the second adds the upper half to what the first stored. */
function storeBits(w: Lanes, out: number, mask: V): void {
  const { body, row } = w;
  const byte = w.fn.local('i32');
  const shift = w.once('shift', () => w.scalar(body.get(row).i32(4).op('i32.and')));
  body.get(mask).vector('i32x4.bitmask').get(shift).op('i32.shl');
  body.get(byte).i32(0).get(shift).i32(2).op('i32.shr_u').op('i32.sub').op('i32.and').op('i32.or').set(byte);
  body.get(out).get(row).i32(3).op('i32.shr_u').op('i32.add').get(byte).memory('i32.store8');
}

/** Validity, with ones beyond the rows, and the number of nulls. */
function storeNulls(w: Lanes, n: V, j: number, tail: (() => void)[]): void {
  const out = w.word(`valid${j}`, () => ({ kind: 'output', output: j, part: 'validity' }));
  const missing = w.v('v128.and', n, w.live());
  storeBits(w, out, w.v('v128.not', missing));
  const nulls = w.fn.local('i32');
  w.body.get(nulls).get(missing).vector('i32x4.bitmask').op('i32.popcnt').op('i32.add').set(nulls);
  const at = w.entry({ kind: 'result', output: j, what: 'nulls' });
  tail.push(() => w.fn.code.get(w.block).get(nulls).memory('i32.store', at));
}

/** Lanes, not zero, of which a 64-bit value does not fit 32. */
function beyond32(w: Lanes, v: Val): V {
  const low = narrowMask(w, v);
  return w.v('v128.xor', highWords(w, v), w.shift('i32x4.shr_s', low, 31));
}

/** Lanes of which a 64-bit value is no exact number. */
function beyond53(w: Lanes, v: Val): V {
  const [low, high] = [narrowMask(w, v), highWords(w, v)];
  const outside = w.v('i32x4.ge_u', w.v('i32x4.add', high, w.all32(0x200000)), w.all32(0x400000));
  const least = w.v('v128.and', w.v('i32x4.eq', high, w.all32(-0x200000)), w.v('i32x4.eq', low, w.all64(0n)));
  return w.v('v128.or', outside, least);
}

/** Notes whether the lanes are set for some row that is not null. */
function report(w: Lanes, j: number, what: 'beyond32' | 'beyond53', lanes: V, v: Val, tail: (() => void)[]): void {
  const seen = w.running();
  w.gather(seen, w.v('v128.and', w.without(lanes, v.n) as V, w.live()));
  const at = w.entry({ kind: 'result', output: j, what });
  tail.push(() => w.fn.code.get(w.block).get(seen).vector('v128.any_true').memory('i32.store', at));
}
