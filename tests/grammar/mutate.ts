/** Valid files to start from, and ways to spoil them. */

import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';

const folder = new URL('./examples/', import.meta.url);

export const examples: readonly { readonly name: string; readonly text: string }[] = readdirSync(folder)
  .sort()
  .map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') }));

/** Fragments that open, close, separate or begin something. */
export const fragments = [
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  '|',
  '||',
  '"',
  "'",
  '`',
  '"""',
  'f"',
  'f"{',
  '}"',
  '@',
  '$',
  '#',
  ';',
  ',',
  '.',
  '..',
  '::',
  '=',
  '==',
  '=>',
  '->',
  '-',
  '*',
  '?',
  '??',
  '1',
  '1e',
  '90d',
  '0x',
  '\n',
  '\r\n',
  '\t',
  '\u0000',
  '\ud800',
  '\u{1f600}',
  '\u2028',
  '“',
  'from',
  'let',
  'fn',
  'param',
  'use',
  'import',
  'schema',
  'sql',
  'case',
  'when',
  'end',
  'not',
  'in',
  'and',
  'null',
  'by',
  'over',
  'take',
  'where',
  'join',
  'left',
  'as',
  'on',
  'distinct',
  'split',
  'scalar(from',
  '(from x |',
  'let {',
  'é',
];

type Edit = { readonly at: number; readonly cut: number; readonly insert: string };
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(2000),
  cut: fc.oneof({ weight: 3, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(200) }),
  insert: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...fragments) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
    { weight: 1, arbitrary: fc.constant('') },
  ),
});

/** An example with some places cut, overwritten or grown. */
export const spoiled: fc.Arbitrary<string> = fc
  .record({
    text: fc.constantFrom(...examples.map((item) => item.text)),
    edits: fc.array(edit, { minLength: 1, maxLength: 5 }),
  })
  .map(({ text, edits }) => {
    let out = text;
    for (const { at, cut, insert } of edits) {
      const place = at % (out.length + 1);
      out = out.slice(0, place) + insert + out.slice(place + cut);
    }
    return out;
  });

/** Nothing but fragments. */
export const garbage: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...fragments), { maxLength: 40 })
  .chain((parts) => fc.constantFrom('', ' ').map((separator) => parts.join(separator)));

export function runs(count: number): { readonly numRuns: number } {
  return { numRuns: count };
}
