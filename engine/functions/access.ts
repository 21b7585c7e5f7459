import type { LiteralValue } from '../expr.ts';
import { type DataType, formatType, T } from '../types.ts';
import { family, overload, type Resolved } from './build.ts';
import type { Int } from './ints.ts';
import { jsonGet } from './json.ts';
import { compareValues } from './ordering.ts';
import { implicitCost } from './types.ts';

type Entry = { readonly key: LiteralValue; readonly value: LiteralValue };

function index(args: readonly DataType[]): Resolved {
  const [of, at] = args;
  if (args.length !== 2 || of === undefined || at === undefined) return null;
  if (of.kind === 'list' && implicitCost(at, T.int) !== null) {
    const call = (list: readonly LiteralValue[], i: Int): LiteralValue => list.at(Number(i)) ?? null;
    return overload([of, T.int], of.item.type, { call }, true);
  }
  if (of.kind === 'map' && implicitCost(at, of.key) !== null) {
    const key = of.key;
    const call = (map: readonly Entry[], k: LiteralValue): LiteralValue =>
      map.find((e) => compareValues(key, e.key, k) === 0)?.value ?? null;
    return overload([of, key], of.value.type, { call }, true);
  }
  if (of.kind === 'json' && (at.kind === 'string' || at.kind === 'int'))
    return overload([of, at], T.json, { call: jsonGet }, true);
  return null;
}

function get(args: readonly DataType[], literals: readonly unknown[]): Resolved {
  const [of] = args;
  const name = literals[1];
  if (args.length !== 2 || of === undefined || typeof name !== 'string') return null;
  if (of.kind === 'json') return overload([of, T.string], T.json, { call: jsonGet }, true);
  if (of.kind !== 'struct') return { error: `a ${formatType(of)} has no fields` };
  const field = of.fields.find((f) => f.name === name);
  if (field === undefined) return { error: `no field ${name} in ${formatType(of)}` };
  const call = (s: { readonly [k: string]: LiteralValue }): LiteralValue => s[name] ?? null;
  return overload([of, T.string], field.type, { call }, field.nullable);
}

export const ACCESS = family('operator', {
  index: {
    doc: 'The item of a list at a position from 0, or from the end, which is -1 (null beyond either end), the value of a map at a key (null when it is not there), or the member of a JSON array or object.',
    signature: 'list[i]',
    examples: [
      ['[10, 20][0]', '10'],
      ['[10, 20][-1]', '20'],
      ['[10, 20][2]', 'null'],
    ],
    resolve: index,
  },
  get: {
    doc: 'A field of a struct, or a member of a JSON object.',
    signature: 'struct.field',
    examples: [['{ a: 1, b: 2 }.b', '2']],
    resolve: get,
  },
});
