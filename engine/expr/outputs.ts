import type { Validity } from '../batch/bitmap.ts';
import { asBuffer } from '../batch/buffers.ts';
import { columnFromValues } from '../batch/build.ts';
import type { Column, Utf8Column } from '../batch/column.ts';
import { MAX_OFFSET, tooLong } from '../batch/gather.ts';
import { narrowI64, narrowI128, widthOfI64, wordsOf } from '../batch/ints.ts';
import { EngineBug } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import type { Scratch } from '../memory/types.ts';
import type { DataType } from '../types.ts';
import type { Mode, Val } from './gen.ts';

/**
 * How generated code stores a result. `i32` holds while every value fits; the first that does not makes the code return the output's number
 * and run again with `i64`. `values` is a JavaScript array, for everything without a fixed width.
 */
export type OutForm = 'bool' | 'i32' | 'i64' | 'i128' | 'f64' | 'date' | 'values';

/** Digits that always fit 64 bits. */
const I64_DIGITS = 18;

export function outFormOf(t: DataType, mode: Mode, large: boolean): OutForm {
  switch (t.kind) {
    case 'bool':
      return 'bool';
    case 'float':
      return 'f64';
    case 'date':
      return 'date';
    case 'int':
      return mode === 'wide' || large ? 'i64' : 'i32';
    case 'decimal':
      if (mode === 'wide') return t.precision > I64_DIGITS ? 'i128' : 'i64';
      return large ? 'i64' : 'i32';
    case 'time':
    case 'timestamp':
      return 'i64';
    default:
      return 'values';
  }
}

export type OutBuffer = Uint8Array | Int32Array | BigInt64Array | Float64Array | LiteralValue[];

export function allocate(form: OutForm, rows: number, scratch: Scratch): OutBuffer {
  switch (form) {
    case 'bool':
      return scratch.bitmap(rows, false);
    case 'i32':
    case 'date':
      return scratch.i32(rows);
    case 'i64':
      return scratch.i64(rows);
    case 'i128':
      return scratch.i64(2 * rows);
    case 'f64':
      return scratch.f64(rows);
    case 'values':
      return new Array<LiteralValue>(rows);
  }
}

/** What the generated code is given for a buffer: 64-bit integers as words while they are numbers. */
export function asArgument(buffer: OutBuffer, form: OutForm, mode: Mode): unknown {
  return form === 'i64' && mode === 'num' ? wordsOf(buffer as BigInt64Array) : buffer;
}

/** Code that stores result `val` of output `j` as row `k`. */
export function storeCode(form: OutForm, mode: Mode, val: Val, j: number): string {
  const { v, n } = val;
  const o = `o${j}`;
  switch (form) {
    case 'bool':
      return `if (${n === 'false' ? v : `!${n} && ${v}`}) ${o}[k >> 3] |= 1 << (k & 7);`;
    case 'i32':
      return val.bound < 2 ** 31 ? `${o}[k] = ${v};` : `if ((${v} | 0) !== ${v}) return ${j + 1}; ${o}[k] = ${v};`;
    case 'i64':
      return mode === 'wide'
        ? `${o}[k] = ${v};`
        : `${o}[2 * k] = ${v}; ${o}[2 * k + 1] = Math.floor(${v} / 4294967296);`;
    case 'i128':
      return `${o}[2 * k] = ${v}; ${o}[2 * k + 1] = ${v} >> 64n;`;
    case 'f64':
    case 'date':
      return `${o}[k] = ${v};`;
    case 'values':
      return `${o}[k] = ${n === 'false' ? v : `${n} ? null : ${v}`};`;
  }
}

/** The column of a filled buffer, in its narrowest width. */
export function finish(
  t: DataType,
  form: OutForm,
  buffer: OutBuffer,
  rows: number,
  valid: Validity,
  scratch: Scratch,
): Column {
  const base = { type: t, length: rows, ...valid };
  switch (form) {
    case 'bool':
      return { ...base, phys: 'bool', values: buffer as Uint8Array };
    case 'i32':
    case 'date':
      return { ...base, phys: 'i32', values: buffer as Int32Array };
    case 'f64':
      return { ...base, phys: 'f64', values: buffer as Float64Array };
    case 'i64': {
      const values = buffer as BigInt64Array;
      if (t.kind === 'int' || t.kind === 'decimal') return narrowI64(t, values, rows, valid, scratch);
      return { ...base, phys: 'i64', values, wide: widthOfI64(wordsOf(values), rows, valid.validity) === 'wide' };
    }
    case 'i128':
      return narrowI128(t, buffer as BigInt64Array, rows, valid, scratch);
    case 'values':
      return finishValues(t, buffer as LiteralValue[], rows, valid, scratch);
  }
}

function finishValues(t: DataType, values: LiteralValue[], rows: number, valid: Validity, scratch: Scratch): Column {
  if (t.kind === 'string' || t.kind === 'json')
    return encodeTexts(t, values as (string | null)[], rows, valid, scratch);
  return columnFromValues(t, values, scratch);
}

/** Text is encoded here first, and copied out in one go. */
let stage = asBuffer(new Uint8Array(1 << 16));

function encodeTexts(
  t: DataType,
  texts: readonly (string | null)[],
  rows: number,
  valid: Validity,
  scratch: Scratch,
): Utf8Column {
  const offsets = scratch.i32(rows + 1);
  let used = 0;
  offsets[0] = 0;
  for (let i = 0; i < rows; i++) {
    const s = texts[i];
    if (s !== null && s !== undefined && s.length > 0) {
      if (used + s.length * 3 > stage.length) growStage(used, s.length * 3);
      used = writeText(s, used);
    }
    offsets[i + 1] = used;
  }
  const bytes = scratch.u8(used);
  bytes.set(stage.subarray(0, used));
  if (stage.length > STAGE_KEPT) stage = asBuffer(new Uint8Array(1 << 16));
  return { type: t, phys: 'utf8', length: rows, ...valid, offsets, bytes };
}

const STAGE_KEPT = 16 * 1024 * 1024;

function growStage(used: number, more: number): void {
  if (used + more > MAX_OFFSET) throw tooLong('The strings');
  const grown = asBuffer(new Uint8Array(Math.min(MAX_OFFSET, Math.max(used + more, stage.length * 2))));
  grown.set(stage.subarray(0, used));
  stage = grown;
}

/** Short text is written unit by unit while it is ASCII: cheaper than a call. */
const SHORT = 32;

function writeText(s: string, at: number): number {
  if (s.length <= SHORT) {
    let k = 0;
    for (; k < s.length; k++) {
      const c = s.charCodeAt(k);
      if (c > 127) break;
      stage[at + k] = c;
    }
    if (k === s.length) return at + k;
  }
  return at + stage.utf8Write(s, at);
}

/** Results as values by the LiteralValue convention, for callers that want no column. */
export function plainValues(buffer: OutBuffer): LiteralValue[] {
  if (!Array.isArray(buffer)) throw new EngineBug('results are not values');
  return buffer;
}
