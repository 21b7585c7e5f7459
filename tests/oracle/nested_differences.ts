import type { LiteralValue } from '../../engine/expr.ts';
import type { Difference, Named } from './difference.ts';

type List = readonly LiteralValue[];

const hasNull =
  (...columns: readonly string[]) =>
  (r: Named): boolean =>
    columns.some((c) => r[c] === null);
const holds = (v: LiteralValue | undefined, test: (x: LiteralValue) => boolean): boolean =>
  Array.isArray(v) ? v.some((x) => holds(x, test)) : test(v ?? null);
const isNan = (v: LiteralValue): boolean => typeof v === 'number' && Number.isNaN(v);
const text = (r: Named): string => String(r.s ?? r.j);

/** Texts that only one side takes for JSON. */
const LENIENT = /,[\]}]|^-?(nan|infinity)$|\/\/|\\ud800/i;

/** Where functions of lists, maps, structs and JSON differ on purpose. */
export const NESTED_DIFFERENCES: readonly Difference[] = [
  {
    functions: ['list_append', 'list_prepend', 'list_concat', 'map_concat', 'struct_insert'],
    here: 'Nothing is put into null: the result is null.',
    there: 'Null is taken for an empty list, map or struct.',
    why: 'A function is null where an argument is, here as everywhere. `coalesce(l, [])` asks for the other.',
    where: hasNull('l', 'k', 'll', 'w', 'v', 'm', 'o', 'st'),
  },
  {
    functions: ['json_merge_patch'],
    here: 'Null with a patch is null.',
    there: 'It is the patch.',
    why: 'As above. The null of JSON, which is a value, becomes the patch here too.',
    where: hasNull('j'),
  },
  {
    functions: ['json_merge_patch'],
    here: 'Members that are null in the patch are left out of the result, whatever they are put into.',
    there: 'They are kept where the value is no object.',
    why: 'So RFC 7396 has it.',
    where: (r) => String(r.h).includes('null') && !String(r.j).startsWith('{'),
  },
  {
    functions: ['json_merge_patch'],
    here: 'A member that is replaced stays in its place.',
    there: 'It may move behind the others.',
    why: 'As in `map_concat`. Order means nothing in objects, but texts are read.',
    where: (r) => String(r.j).startsWith('{') && String(r.h).startsWith('{'),
  },
  {
    functions: ['list_position'],
    here: 'Null is nowhere in a list.',
    there: 'It is found.',
    why: '`list_contains` finds no null on either side: null equals nothing.',
    where: hasNull('i', 'x'),
  },
  {
    functions: ['list_join'],
    here: 'A list of nulls only is empty text.',
    there: 'It is null.',
    why: 'Nulls are left out, and an empty list is empty text.',
    where: (r) => {
      const items = (r.w ?? r.l) as List | null;
      return items !== null && items.length > 0 && items.every((x) => x === null);
    },
  },
  {
    functions: ['list_unique'],
    here: 'nan counts once.',
    there: 'Each nan counts.',
    why: 'It equals itself in comparisons, in keys, and in `list_distinct`.',
    where: (r) => holds(r.f, isNan),
  },
  {
    functions: ['range'],
    here: 'A step of 0 is an error.',
    there: 'The list is empty.',
    why: 'It is a mistake.',
    where: (r) => r.i === 0,
  },
  {
    functions: ['json_valid', 'from_json', 'json_extract', 'json_value', 'json_type', 'json_keys'],
    here: 'JSON is what RFC 8259 has: no comma behind the last item, no comments, no nan and infinity, and escapes of single surrogates are.',
    there: 'The other way round.',
    why: 'What is written here can be read elsewhere.',
    where: (r) => LENIENT.test(text(r)),
  },
  {
    functions: ['json_value', 'json_extract', 'json_keys'],
    here: 'Of members of one name the last one counts.',
    there: 'All are kept, and the first one is found.',
    why: 'It is what JavaScript and most readers of JSON do.',
    where: (r) => text(r) === '{"a":1,"a":2}',
  },
  {
    functions: ['json_extract'],
    here: 'Numbers are written in the shortest way, without losing a digit: 1.0 and 1E0 are 1.',
    there: '1.0, and others in ways of their own.',
    why: 'JSON has one kind of number.',
    where: (r) => /^1(\.0|E2)$/.test(text(r)),
  },
  {
    functions: ['to_json'],
    here: 'Floats are written in the shortest way: 1 and 1e+21; -0 is 0.',
    there: '1.0, 1e21 and -0.0.',
    why: 'JSON has one kind of number. JavaScript writes it like this.',
    where: (r) => holds(r.f ?? r.x, (v) => typeof v === 'number' && (Number.isInteger(v) || Math.abs(v) < 1e-300)),
  },
  {
    functions: ['to_json'],
    here: 'nan and infinities are null.',
    there: 'They are NaN and Infinity, which are no JSON.',
    why: 'JSON has no words for them.',
    where: (r) => holds(r.f ?? r.x, (v) => typeof v === 'number' && !Number.isFinite(v)),
  },
  {
    functions: ['json_contains'],
    here: 'A part is looked for where it stands: an object in the value, a member under its name.',
    there: 'An item, and sometimes an empty list, is looked for among all members at any depth.',
    why: 'As `@>` of PostgreSQL has it. `"a": 1` is not in `{"b": {"a": 1}}`.',
    where: (r) => /^(\{\}|\[\]|null|0)$/.test(String(r.h)),
  },
];
