import type { CallExpr } from '../expr.ts';
import { simpleLike } from '../functions/pattern.ts';
import type { Gen, Val } from './gen.ts';
import { nullFlag } from './gen_column.ts';

type Test = 'equals' | 'prefix' | 'suffix';

/** Tests of a text column against a constant that are made on its bytes, without a string for each row; null for others. */
export function genTextTest(g: Gen, e: CallExpr): Val | null {
  const wanted = testOf(e);
  const [arg] = e.args;
  if (wanted === null || arg?.kind !== 'column') return null;
  const at = g.slots.findIndex((s) => s.name === arg.name);
  const slot = g.slots[at];
  if (slot === undefined || slot.form !== 'text' || slot.type.kind !== 'string') return null;
  const pattern = new TextEncoder().encode(wanted.text);
  const n = nullFlag(g, at, slot);
  const offsets = g.input(at, 'offsets');
  const from = g.let(`${offsets}[i]`);
  const length = g.let(`(${offsets}[i + 1] - ${from})`);
  const start = wanted.test === 'suffix' ? `${from} + ${length} - ${pattern.length}` : from;
  const fits = `${length} ${wanted.test === 'equals' ? '===' : '>='} ${pattern.length}`;
  const found = `(${fits} && ${g.bind(sameBytes)}(${g.input(at, 'bytes')}, ${start}, ${g.bind(pattern)}))`;
  return { v: g.let(e.fn === 'ne' ? `(!${found})` : found), n, bound: 1 };
}

function testOf(e: CallExpr): { readonly test: Test; readonly text: string } | null {
  const constant = e.args[1];
  if (constant?.kind !== 'literal' || typeof constant.value !== 'string') return null;
  const text = constant.value;
  // An unpaired surrogate has no UTF-8: such text equals no stored text.
  if (/\p{Surrogate}/u.test(text)) return null;
  switch (e.fn) {
    case 'eq':
    case 'ne':
      return { test: 'equals', text };
    case 'starts_with':
      return { test: 'prefix', text };
    case 'ends_with':
      return { test: 'suffix', text };
    case 'like': {
      const simple = simpleLike(text);
      return simple === null || simple.kind === 'contains' ? null : { test: simple.kind, text: simple.text };
    }
    default:
      return null;
  }
}

function sameBytes(bytes: Uint8Array, at: number, pattern: Uint8Array): boolean {
  for (let k = 0; k < pattern.length; k++) if (bytes[at + k] !== pattern[k]) return false;
  return true;
}
