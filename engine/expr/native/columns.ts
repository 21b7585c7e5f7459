import type { Expr } from '../../expr.ts';
import { isIntLike, type Part, typeBound } from '../forms.ts';
import type { Slot } from '../gen.ts';
import { idOf } from '../nodes.ts';
import type { NativeGen } from './gen.ts';
import type { Lanes, V } from './lanes.ts';
import { float, int32, int64, mask, repOf, Unsupported, type Val } from './values.ts';

const FORM_NAMES: Readonly<Record<Slot['form'], string>> = {
  bool: 'boolean',
  i32: '32-bit',
  i64: '64-bit',
  i128: '128-bit',
  f64: 'float',
  text: 'text',
  dict: 'dictionary text',
  value: 'nested',
  null: 'null',
  entries: 'entry',
};

/** A column's values of the turn's four rows. */
export function genColumn(g: NativeGen, name: string): Val {
  const { w } = g;
  const [at, slot] = slotOf(g, name);
  if (slot.form === 'null') return g.nullOf(repOf(slot.type));
  const n = nullMask(g, name);
  const masks = { n, err: null };
  switch (slot.form) {
    case 'bool':
      return mask(bits(w, at, 'values'), masks);
    case 'i32':
      return int32(words(w, at, 'values'), Math.min(typeBound(slot.type), 2 ** 31), masks);
    case 'i64': {
      const { x, y } = pairs(w, at, 'values');
      const most = g.wide[at] === true ? 2 ** 63 : Number.MAX_SAFE_INTEGER;
      return int64(x, y, Math.min(typeBound(slot.type), most), masks);
    }
    case 'f64': {
      const { x, y } = pairs(w, at, 'values');
      return float(x, y, masks);
    }
    default:
      throw new Unsupported(`${FORM_NAMES[slot.form]} column ${name.startsWith('\0') ? 'of a struct' : name}`);
  }
}

/** The nulls of a column, whatever its form; null when it has none. */
export function nullMask(g: NativeGen, name: string): V | null {
  const { w } = g;
  const [at, slot] = slotOf(g, name);
  if (slot.form === 'null') return w.ones();
  if (!slot.nullable) return null;
  return w.once(`n${at}`, () => w.v('v128.not', bits(w, at, 'validity')));
}

function slotOf(g: NativeGen, name: string): [number, Slot] {
  const at = g.slots.findIndex((s) => s.name === name);
  const slot = g.slots[at];
  if (slot === undefined) throw new Unsupported(`no column ${name}`);
  return [at, slot];
}

/** Address of a part of a column. */
function base(w: Lanes, slot: number, part: Part, lifted: Expr | null = null): number {
  const key = `${slot}:${part}:${lifted === null ? '' : idOf(lifted)}`;
  return w.word(key, () => ({ kind: 'input', input: { slot, part, lifted } }));
}

/** Row numbers of the turn, where rows are selected: never beyond the last, whatever stands behind the end of the selection. */
function rowNumbers(w: Lanes): V {
  return w.once('numbers', () => {
    const select = w.word('select', () => ({ kind: 'select' }));
    const last = w.once('last', () => {
      const lastRow = w.word('lastRow', () => ({ kind: 'lastRow' }));
      return w.keep(w.head.get(lastRow).vector('i32x4.splat'));
    });
    w.body
      .get(select)
      .get(scaled(w, w.row, 2, 'row'))
      .op('i32.add')
      .vectorMemory('v128.load')
      .get(last);
    return w.keep(w.body.vector('i32x4.min_u'));
  });
}

/** A number of the body times 2^shift. */
function scaled(w: Lanes, local: number, shift: number, name: string): number {
  return w.once(`${name}<<${shift}`, () => w.scalar(w.body.get(local).i32(shift).op('i32.shl')));
}

/** Byte offset of lane `k` in an array of 2^shift bytes each, by the lanes of a vector of indexes. */
function offset(w: Lanes, indexes: V, k: number, shift: number): number {
  const at = w.once(`${indexes}[${k}]`, () => w.scalar(w.body.get(indexes).lane('i32x4.extract_lane', k)));
  return shift === 0 ? at : scaled(w, at, shift, `${indexes}[${k}]`);
}

function words(w: Lanes, slot: number, part: Part): V {
  return w.once(`v${slot}${part}`, () => {
    const address = base(w, slot, part);
    if (!w.dense) return gatherWords(w, address, rowNumbers(w));
    w.body
      .get(address)
      .get(scaled(w, w.row, 2, 'row'))
      .op('i32.add')
      .vectorMemory('v128.load');
    return w.keep(w.body);
  });
}

function gatherWords(w: Lanes, address: number, indexes: V): V {
  const at = [0, 1, 2, 3].map((k) => offset(w, indexes, k, 2));
  w.body
    .get(address)
    .get(at[0] as number)
    .op('i32.add')
    .vectorMemory('v128.load32_zero');
  let v = w.keep(w.body);
  for (const k of [1, 2, 3]) {
    w.body
      .get(address)
      .get(at[k] as number)
      .op('i32.add')
      .get(v)
      .laneMemory('v128.load32_lane', k);
    v = w.keep(w.body);
  }
  return v;
}

function pairs(w: Lanes, slot: number, part: Part): { x: V; y: V } {
  const address = base(w, slot, part);
  const half = (h: 0 | 1): V =>
    w.once(`v${slot}${part}${h}`, () => {
      if (!w.dense) return gatherPair(w, address, rowNumbers(w), h);
      w.body
        .get(address)
        .get(scaled(w, w.row, 3, 'row'))
        .op('i32.add')
        .vectorMemory('v128.load', 16 * h);
      return w.keep(w.body);
    });
  return { x: half(0), y: half(1) };
}

function gatherPair(w: Lanes, address: number, indexes: V, half: 0 | 1): V {
  const [a, b] = [offset(w, indexes, 2 * half, 3), offset(w, indexes, 2 * half + 1, 3)];
  w.body.get(address).get(a).op('i32.add').vectorMemory('v128.load64_zero');
  const low = w.keep(w.body);
  w.body.get(address).get(b).op('i32.add').get(low).laneMemory('v128.load64_lane', 1);
  return w.keep(w.body);
}

/** Four bits of a bitmap as a mask. */
function bits(w: Lanes, slot: number, part: Part): V {
  return w.once(`v${slot}${part}`, () => {
    const address = base(w, slot, part);
    const each = w.once('bits', () => w.keep(w.head.v128(new Uint8Array(Int32Array.of(1, 2, 4, 8).buffer))));
    if (w.dense) {
      w.body.get(address).get(w.row).i32(3).op('i32.shr_u').op('i32.add').memory('i32.load8_u');
      w.body.get(w.row).i32(4).op('i32.and').op('i32.shr_u').vector('i32x4.splat');
    } else bitsOfRows(w, address, rowNumbers(w));
    w.body.get(each).vector('v128.and').get(each).vector('i32x4.eq');
    return w.keep(w.body);
  });
}

/** Leaves lanes with bit k set in lane k where the row's bit is. */
function bitsOfRows(w: Lanes, address: number, rows: V): void {
  const { body } = w;
  for (const k of [0, 1, 2, 3]) {
    const row = offset(w, rows, k, 0);
    body.get(address).get(row).i32(3).op('i32.shr_u').op('i32.add').memory('i32.load8_u');
    body.get(row).i32(7).op('i32.and').op('i32.shr_u').i32(1).op('i32.and').i32(k).op('i32.shl');
    if (k > 0) body.op('i32.or');
  }
  body.vector('i32x4.splat');
}

/**
 * An expression over a single dictionary column: its results by code, which JavaScript computes, are looked up. The entry after the last is
 * the result for null. A byte a code says which results are null (2) and, of booleans, true (1).
 */
export function genLifted(g: NativeGen, e: Expr, column: string): Val | null {
  const { w } = g;
  const [at, slot] = slotOf(g, column);
  if (slot.form !== 'dict') return null;
  if (!slot.lift) throw new Unsupported(`column ${column} has about as many texts as rows`);
  const rep = repOf(e.type);
  const codes = codesOf(g, at, column);
  const flags = flagsOf(w, base(w, at, 'nulls', e), codes);
  const n = w.v('i32x4.ne', w.v('v128.and', flags, w.all32(2)), w.all64(0n));
  const masks = { n, err: null };
  if (rep === 'mask') return mask(w.v('i32x4.ne', w.v('v128.and', flags, w.all32(1)), w.all64(0n)), masks);
  const table = base(w, at, 'table', e);
  if (rep === 'i32') return int32(gatherWords(w, table, codes), 2 ** 31, masks);
  const [x, y] = [gatherPair(w, table, codes, 0), gatherPair(w, table, codes, 1)];
  return isIntLike(e.type) ? int64(x, y, Number.MAX_SAFE_INTEGER, masks) : float(x, y, masks);
}

/** Codes with nulls as one more, and within the table in lanes that are no rows. */
function codesOf(g: NativeGen, at: number, column: string): V {
  const { w } = g;
  return w.once(`codes${at}`, () => {
    const last = w.once(`entries${at}`, () => {
      const entries = w.word(`entries${at}`, () => ({ kind: 'entries', slot: at }));
      return w.keep(w.head.get(entries).vector('i32x4.splat'));
    });
    const codes = w.v('i32x4.min_u', words(w, at, 'codes'), last);
    const n = nullMask(g, column);
    return n === null ? codes : w.pick(n, last, codes);
  });
}

function flagsOf(w: Lanes, address: number, codes: V): V {
  const first = offset(w, codes, 0, 0);
  w.body.get(address).get(first).op('i32.add').memory('i32.load8_u');
  let v = w.keep(w.body.vector('i32x4.splat'));
  for (const k of [1, 2, 3]) {
    const at = offset(w, codes, k, 0);
    w.body.get(v).get(address).get(at).op('i32.add').memory('i32.load8_u');
    v = w.keep(w.body.lane('i32x4.replace_lane', k));
  }
  return v;
}
