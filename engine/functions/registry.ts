import { type DataType, formatType } from '../types.ts';
import { ACCESS } from './access.ts';
import { ARITHMETIC } from './arithmetic.ts';
import { BITS } from './bits.ts';
import { isMisfit, typeList } from './build.ts';
import { COMPARISON } from './comparison.ts';
import { DATE_MAKE } from './date_make.ts';
import { DATE_MORE } from './date_more.ts';
import { DATE_PARTS } from './date_parts.ts';
import { DATE_SPANS } from './date_spans.ts';
import { DATE_UNITS } from './date_units.ts';
import type { FunctionDef, Overload } from './def.ts';
import { ENCODE } from './encode.ts';
import { EXTREMES } from './extremes.ts';
import { HASH } from './hash.ts';
import { JSON_FUNCTIONS } from './json_functions.ts';
import { JSON_MAKE } from './json_make.ts';
import { LAMBDA } from './lambda.ts';
import { LIST } from './list.ts';
import { LIST_SETS } from './list_sets.ts';
import { CONDITIONAL, LOGIC } from './logic.ts';
import { MAP } from './map.ts';
import { MATH } from './math.ts';
import { NESTED } from './nested.ts';
import { NUMBER_FORMAT } from './number_format.ts';
import { LIKE, PATTERN } from './pattern.ts';
import { REGEXP } from './regexp.ts';
import { SIMILARITY } from './similarity.ts';
import { STRING } from './string.ts';
import { STRING_BASIC } from './string_basic.ts';
import { TEXT_FORMAT } from './text_format.ts';
import { UNICODE } from './unicode.ts';
import { WHOLE_NUMBERS } from './whole_numbers.ts';

/** Every scalar function and operator by name; one line a family. */
export const FUNCTIONS: Readonly<Record<string, FunctionDef>> = {
  ...ARITHMETIC,
  ...COMPARISON,
  ...LOGIC,
  ...CONDITIONAL,
  ...PATTERN,
  ...ACCESS,
  ...STRING_BASIC,
  ...STRING,
  ...LIKE,
  ...REGEXP,
  ...SIMILARITY,
  ...UNICODE,
  ...TEXT_FORMAT,
  ...NUMBER_FORMAT,
  ...MATH,
  ...WHOLE_NUMBERS,
  ...BITS,
  ...EXTREMES,
  ...DATE_PARTS,
  ...DATE_UNITS,
  ...DATE_MAKE,
  ...DATE_MORE,
  ...DATE_SPANS,
  ...LIST,
  ...LIST_SETS,
  ...LAMBDA,
  ...NESTED,
  ...MAP,
  ...JSON_FUNCTIONS,
  ...JSON_MAKE,
  ...HASH,
  ...ENCODE,
} satisfies Record<string, FunctionDef>;

const BY_NAME: ReadonlyMap<string, FunctionDef> = new Map(
  Object.values(FUNCTIONS).flatMap((def) => [def.name, ...(def.aliases ?? [])].map((name) => [name, def] as const)),
);

export interface ResolvedFunction {
  readonly def: FunctionDef;
  readonly overload: Overload;
}

/** The definition of a name or alias. */
export function findFunction(name: string): FunctionDef | null {
  return BY_NAME.get(name) ?? null;
}

/**
 * The overload for argument types; `literals[i]` is the value of an argument that is a literal, undefined otherwise. Null when the name is unknown or
 * nothing fits: `misfit` says why. The caller casts each argument to `overload.params[i]`, and calls by `def.name`.
 */
export function resolveFunction(
  name: string,
  argTypes: readonly DataType[],
  literals: readonly unknown[] = [],
): ResolvedFunction | null {
  const def = BY_NAME.get(name);
  const found = def?.resolve(argTypes, literals) ?? null;
  return def === undefined || found === null || isMisfit(found) ? null : { def, overload: found };
}

/** Why `resolveFunction` gave null, as a sentence: what the function takes, or the specific reason. */
export function misfit(name: string, argTypes: readonly DataType[], literals: readonly unknown[] = []): string {
  const def = BY_NAME.get(name);
  if (def === undefined) return `there is no function ${name}`;
  const found = def.resolve(argTypes, literals);
  if (isMisfit(found)) return found.error;
  if (def.family === 'operator')
    return `${def.signature} does not take ${argTypes.map((t) => formatType(t)).join(' and ')}`;
  return `${def.name} takes ${def.signature}, not ${typeList(argTypes)}`;
}
