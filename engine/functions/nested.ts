import type { LiteralValue } from '../expr.ts';
import { type DataType, type Field, formatType, T } from '../types.ts';
import { family, overload, type Resolve } from './build.ts';
import { commonTypeOf } from './types.ts';

type Struct = { readonly [field: string]: LiteralValue };
type StructType = DataType & { kind: 'struct' };

const listValue: Resolve = (args, literals) => {
  const item = commonTypeOf(args, literals);
  if (item === null) return { error: 'the items have no common type' };
  const call = (...items: LiteralValue[]): LiteralValue => items;
  return overload(
    args.map(() => item),
    T.list(item),
    { call },
    false,
  );
};

/** Names and values by turns; the names are literals. */
const structPack: Resolve = (args, literals) => {
  if (args.length === 0 || args.length % 2 === 1) return null;
  const fields: Field[] = [];
  for (let k = 0; k < args.length; k += 2) {
    const name = literals[k];
    if (typeof name !== 'string') return { error: 'the names of fields are written as text' };
    if (fields.some((f) => f.name === name)) return { error: `the field ${name} is given twice` };
    fields.push({ name, type: args[k + 1] as DataType, nullable: true });
  }
  const call = (...parts: LiteralValue[]): LiteralValue =>
    Object.fromEntries(fields.map((f, k) => [f.name, parts[2 * k + 1] ?? null]));
  return overload(args, T.struct(fields), { call }, false);
};

const structExtract: Resolve = ([of, name, ...more], literals) => {
  const wanted = literals[1];
  if (of?.kind !== 'struct' || name === undefined || more.length > 0) return null;
  if (typeof wanted !== 'string') return { error: 'the name of the field is written as text' };
  const field = of.fields.find((f) => f.name === wanted);
  if (field === undefined) return { error: `no field ${wanted} in ${formatType(of)}` };
  return overload([of, T.string], field.type, { call: (s: Struct) => s[wanted] ?? null }, true);
};

/** A struct with fields put in, or replaced in their places. */
const structInsert: Resolve = (args, literals) => {
  const [of, ...rest] = args;
  if (of?.kind !== 'struct') return null;
  const added = structPack(rest, literals.slice(1));
  if (added === null || 'error' in added || added.result.kind !== 'struct') return added;
  const news = new Map(added.result.fields.map((f) => [f.name, f]));
  const fields = [
    ...of.fields.map((f) => news.get(f.name) ?? f),
    ...added.result.fields.filter((f) => !of.fields.some((g) => g.name === f.name)),
  ];
  const names = [...news.keys()];
  const call = (s: Struct | null, ...parts: LiteralValue[]): LiteralValue =>
    s === null ? null : { ...s, ...Object.fromEntries(names.map((n, k) => [n, parts[2 * k + 1] ?? null])) };
  return overload(args, T.struct(fields), { call }, ([first]) => first === true);
};

const ofStruct =
  (result: DataType, make: (t: StructType) => (s: Struct) => LiteralValue): Resolve =>
  ([of, ...more]) =>
    of?.kind === 'struct' && more.length === 0 ? overload([of], result, { call: make(of) }) : null;

export const NESTED = family('list', {
  list_value: {
    doc: 'A list of these values, as `[a, b]` writes it.',
    signature: 'list_value(x, …)',
    examples: [['list_value(1, null, 3)', '[1, null, 3]']],
    nulls: 'custom',
    resolve: listValue,
  },
  struct_pack: {
    doc: 'A struct of these fields, as `{ a: x, b: y }` writes it.',
    signature: 'struct_pack("name", value, …)',
    aliases: ['named_struct'],
    examples: [['struct_pack("a", 1, "b", "x")', '{"a":1,"b":"x"}']],
    nulls: 'custom',
    resolve: structPack,
  },
  struct_extract: {
    doc: 'The field of a struct, as `s.name` reads it.',
    signature: 'struct_extract(struct, "name")',
    examples: [['struct_extract({ a: 1, b: 2 }, "b")', '2']],
    resolve: structExtract,
  },
  struct_insert: {
    doc: 'The struct with these fields besides; a field that it has already is replaced in its place. Null for a null struct.',
    signature: 'struct_insert(struct, "name", value, …)',
    aliases: ['struct_update'],
    examples: [['struct_insert({ a: 1 }, "b", 2)', '{"a":1,"b":2}']],
    nulls: 'custom',
    resolve: structInsert,
  },
  struct_keys: {
    doc: 'Names of the fields of a struct, as a list.',
    signature: 'struct_keys(struct)',
    examples: [['struct_keys({ a: 1, b: 2 })', '["a", "b"]']],
    resolve: ofStruct(T.list(T.string, false), (t) => () => t.fields.map((f) => f.name)),
  },
});
