import type { FunctionFamily } from './def.ts';

/** What a family is called in the reference, in its order there. */
export const FAMILIES: Readonly<Record<FunctionFamily, string>> = {
  operator: 'Operators',
  math: 'Mathematics',
  string: 'Text',
  date: 'Dates and times',
  conditional: 'Conditions and nulls',
  list: 'Lists, maps, structs and JSON',
  hash: 'Hashes and encodings',
  window: 'Windows',
};
