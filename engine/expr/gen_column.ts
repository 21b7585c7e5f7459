import { EngineBug } from '../errors.ts';
import { isIntLike, typeBound } from './forms.ts';
import type { Gen, Slot, Val } from './gen.ts';

/** Code that reads row `i` of a column. */
export function genColumn(g: Gen, name: string): Val {
  const at = g.slots.findIndex((s) => s.name === name);
  const slot = g.slots[at];
  if (slot === undefined) throw new EngineBug(`expression reads a column that is not there: ${name}`);
  if (slot.form === 'null') return g.nullVal(slot.type);
  const n = nullFlag(g, at, slot);
  return { v: read(g, at, slot, n), n, bound: boundOf(slot) };
}

export function nullFlag(g: Gen, at: number, slot: Slot): string {
  if (!slot.nullable) return 'false';
  if (slot.form === 'entries') return g.let(`(${g.input(at, 'values')}[i] === null)`);
  return g.let(`((${g.input(at, 'validity')}[i >> 3] >> (i & 7) & 1) === 0)`);
}

function boundOf(slot: Slot): number {
  const bound = typeBound(slot.type);
  if (slot.form === 'i32') return Math.min(bound, 2 ** 31);
  return slot.form === 'i64' && isIntLike(slot.type) ? Math.min(bound, 2 ** 63) : bound;
}

function read(g: Gen, at: number, slot: Slot, n: string): string {
  const wide = g.mode === 'wide' && isIntLike(slot.type);
  switch (slot.form) {
    case 'bool':
      return g.let(`((${g.input(at, 'values')}[i >> 3] >> (i & 7) & 1) === 1)`);
    case 'i32':
    case 'f64':
      return g.let(wide ? `BigInt(${g.input(at, 'values')}[i])` : `${g.input(at, 'values')}[i]`);
    case 'i64':
      if (wide) return g.let(`${g.input(at, 'values')}[i]`);
      return g.let(`(${g.input(at, 'words')}[2 * i + 1] * 4294967296 + (${g.input(at, 'words')}[2 * i] >>> 0))`);
    case 'i128':
      if (!wide) throw new EngineBug('a 128-bit column in the number variant');
      return g.let(
        `((${g.input(at, 'values')}[2 * i + 1] << 64n) | BigInt.asUintN(64, ${g.input(at, 'values')}[2 * i]))`,
      );
    case 'dict':
      return readGuarded(g, slot, n, `${g.input(at, 'texts')}[${g.input(at, 'codes')}[i]]`);
    case 'entries':
      return readGuarded(g, slot, n, `${g.input(at, 'values')}[i]`);
    default:
      return readGuarded(g, slot, n, `${g.input(at, 'read')}(i)`);
  }
}

/** Reads that cost something, or give no value of the type under a null, are made for valid rows only. */
function readGuarded(g: Gen, slot: Slot, n: string, code: string): string {
  return g.let(n === 'false' ? code : `(${n} ? ${g.zero(slot.type)} : ${code})`);
}
