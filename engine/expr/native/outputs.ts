import { ALL_VALID, type Validity } from '../../batch/bitmap.ts';
import type { Column } from '../../batch/column.ts';
import { lowWords, wordsOf } from '../../batch/ints.ts';
import type { Scratch } from '../../memory/types.ts';
import type { DataType } from '../../types.ts';
import { LANES } from './lanes.ts';
import type { NativeForm } from './module.ts';
import { Unsupported } from './values.ts';

/** Buffers of an output; a little longer than the rows, since whole vectors are stored. */
export interface NativeOutput {
  readonly form: NativeForm;
  readonly values: Uint8Array | Int32Array | Uint32Array | BigInt64Array | Float64Array;
  readonly validity: Uint8Array | null;
}

export function nativeFormOf(t: DataType, large: boolean): NativeForm {
  switch (t.kind) {
    case 'bool':
    case 'date':
      return t.kind;
    case 'float':
      return 'f64';
    case 'int':
    case 'decimal':
      return large ? 'i64' : 'i32';
    case 'time':
    case 'timestamp':
      return 'i64';
    default:
      throw new Unsupported(`${t.kind} results`);
  }
}

export function outputsFor(
  forms: readonly NativeForm[],
  nullable: readonly boolean[],
  rows: number,
  scratch: Scratch,
): NativeOutput[] {
  const whole = Math.ceil(rows / LANES) * LANES;
  return forms.map((form, j) => ({
    form,
    values: buffer(form, whole, scratch),
    validity: nullable[j] === true ? scratch.bitmap(whole, true) : null,
  }));
}

function buffer(form: NativeForm, rows: number, scratch: Scratch): NativeOutput['values'] {
  switch (form) {
    case 'bool':
      return scratch.bitmap(rows, false);
    case 'i32':
    case 'date':
      return scratch.i32(rows);
    case 'i64':
      return scratch.i64(rows);
    case 'f64':
      return scratch.f64(rows);
  }
}

/** The column of a filled output, in its narrowest width. `result`: what the code noted about it. */
export function outputColumn(
  t: DataType,
  out: NativeOutput,
  rows: number,
  result: (what: 'nulls' | 'beyond32' | 'beyond53') => number,
  scratch: Scratch,
): Column {
  const nullCount = out.validity === null ? 0 : result('nulls');
  const valid: Validity =
    nullCount === 0 ? ALL_VALID : { validity: (out.validity as Uint8Array).subarray(0, (rows + 7) >>> 3), nullCount };
  const base = { type: t, length: rows, ...valid };
  const values = out.values.subarray(0, rows);
  switch (out.form) {
    case 'bool':
      return { ...base, phys: 'bool', values: out.values.subarray(0, (rows + 7) >>> 3) as Uint8Array };
    case 'i32':
    case 'date':
      return { ...base, phys: 'i32', values: values as Int32Array };
    case 'f64':
      return { ...base, phys: 'f64', values: values as Float64Array };
    case 'i64': {
      const wide = result('beyond53') !== 0;
      const exact = t.kind === 'int' || t.kind === 'decimal';
      if (!exact || result('beyond32') !== 0) return { ...base, phys: 'i64', values: values as BigInt64Array, wide };
      return { ...base, phys: 'i32', values: lowWords(wordsOf(values as BigInt64Array), rows, scratch) };
    }
  }
}
