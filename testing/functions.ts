import { RunError } from '../engine/errors.ts';
import type { Expr, LiteralValue } from '../engine/expr.ts';
import type { FunctionDef, Misfit } from '../engine/functions/def.ts';
import { FUNCTIONS, resolveFunction } from '../engine/functions/registry.ts';
import type { DataType } from '../engine/types.ts';
import { FAILS, interpret } from './reference/expr.ts';

/** Calls of all functions of the registry by what they give: found by asking each what it takes, so that one that is added is among them. */

/** An argument: of a kind of values, or a constant as it is written. */
export type CallArgument<K> =
  | {
      readonly kind: K;
      /** A constant does not do there: what it says (a pattern, a path, a number of digits) is looked at, and may be wrong. */
      readonly computed?: boolean;
    }
  | { readonly literal: LiteralValue };

export interface TypedCall<K> {
  readonly fn: string;
  readonly args: readonly CallArgument<K>[];
  readonly result: DataType;
}

/** Constants for arguments that have to be one: units, formats, patterns, paths, zones, days, names. */
const CONSTANTS: readonly LiteralValue[] = [
  'day',
  'month',
  '%Y-%m-%d',
  '[a-c]+',
  '$.a',
  'a',
  'Europe/Berlin',
  'monday',
  'desc',
  'dns',
  2,
];
const MOST_ARGUMENTS = 3;
/** Of three arguments each is of one of the first kinds. */
const MOST_KINDS = 6;
/** Calls kept of one function for one kind of result: the first ones with the fewest arguments. */
const MOST_OF_ONE = 12;

/** How many arguments a function may have, as its signature writes them. */
function arity({ signature }: FunctionDef): number {
  const inside = /\((.*)\)/.exec(signature)?.[1] ?? '';
  const n = inside === '' ? 0 : inside.split(',').length;
  return signature.includes('…') ? MOST_ARGUMENTS : Math.min(n, MOST_ARGUMENTS);
}

const isMisfit = (r: ReturnType<FunctionDef['resolve']>): r is Misfit => r !== null && 'error' in r;

/** Every call that resolves, of functions that the reference interpreter can compute. `samples`: some values of each kind, on which a call must not fail. */
export function typedCalls<K extends string>(
  types: Readonly<Record<K, DataType>>,
  samples: Readonly<Record<K, readonly LiteralValue[]>>,
): readonly TypedCall<K>[] {
  const kinds = Object.keys(types) as K[];
  const found: TypedCall<K>[] = [];
  const defs = new Set(Object.values(FUNCTIONS).filter((d) => d.family !== 'operator'));
  for (const def of defs) {
    const counts = new Map<string, number>();
    for (let n = 0; n <= arity(def); n++) {
      for (const args of tuples(def, kinds, types, n)) {
        const result = resultOf(def, args, types);
        const key = result?.kind ?? '';
        if (result === null || (counts.get(key) ?? 0) >= MOST_OF_ONE) continue;
        const call = { fn: def.name, args, result };
        if (!worksOn(call, types, samples)) continue;
        counts.set(key, (counts.get(key) ?? 0) + 1);
        found.push({ ...call, args: args.map((a, k) => computedWhere(def, args, k, a, types, samples)) });
      }
    }
  }
  return found;
}

/** Arguments that a function may take; constants stand where it says that those of the kinds alone do not fit. */
function* tuples<K extends string>(
  def: FunctionDef,
  kinds: readonly K[],
  types: Readonly<Record<K, DataType>>,
  n: number,
): Iterable<readonly CallArgument<K>[]> {
  // Three arguments of all kinds would be too many to ask for.
  for (const combination of product(n === MOST_ARGUMENTS ? kinds.slice(0, MOST_KINDS) : kinds, n)) {
    const args = combination.map((kind) => ({ kind }));
    const made = resolved(def, args, types);
    if (made !== null && !isMisfit(made)) yield args;
    // One constant, in any place: a function that wants several is not found.
    if (isMisfit(made) || (made === null && def.family === 'date' && n < MOST_ARGUMENTS))
      for (let at = 0; at < n; at++)
        for (const literal of CONSTANTS) yield args.map((a, k) => (k === at ? { literal } : a));
  }
}

function* product<V>(values: readonly V[], n: number): Iterable<readonly V[]> {
  if (n === 0) yield [];
  else for (const rest of product(values, n - 1)) for (const v of values) yield [...rest, v];
}

function typeOfLiteral(v: LiteralValue): DataType {
  return { kind: typeof v === 'number' ? 'int' : 'string' };
}

function resolved<K extends string>(
  def: FunctionDef,
  args: readonly CallArgument<K>[],
  types: Readonly<Record<K, DataType>>,
): ReturnType<FunctionDef['resolve']> {
  return def.resolve(
    args.map((a) => ('kind' in a ? types[a.kind] : typeOfLiteral(a.literal))),
    args.map((a) => ('kind' in a ? undefined : a.literal)),
  );
}

function resultOf<K extends string>(
  def: FunctionDef,
  args: readonly CallArgument<K>[],
  types: Readonly<Record<K, DataType>>,
): DataType | null {
  const made = resolved(def, args, types);
  return made === null || isMisfit(made) ? null : made.result;
}

/** The argument, which has to be computed where one of its samples as a constant would not do, or give another type. */
function computedWhere<K extends string>(
  def: FunctionDef,
  args: readonly CallArgument<K>[],
  at: number,
  arg: CallArgument<K>,
  types: Readonly<Record<K, DataType>>,
  samples: Readonly<Record<K, readonly LiteralValue[]>>,
): CallArgument<K> {
  if (!('kind' in arg)) return arg;
  const given = args.map((a) => ('kind' in a ? types[a.kind] : typeOfLiteral(a.literal)));
  const literals = args.map((a) => ('kind' in a ? undefined : a.literal));
  const free = JSON.stringify(resultOf(def, args, types));
  const fits = samples[arg.kind].every((v) => {
    if (v === null) return true;
    const made = def.resolve(given, literals.with(at, v));
    return made !== null && !isMisfit(made) && JSON.stringify(made.result) === free;
  });
  return fits ? arg : { kind: arg.kind, computed: true };
}

/** It gives a value for all samples, or null: one that fails on ordinary values would only make pipelines that end in an error. */
function worksOn<K extends string>(
  call: TypedCall<K>,
  types: Readonly<Record<K, DataType>>,
  samples: Readonly<Record<K, readonly LiteralValue[]>>,
): boolean {
  const args = call.args.map((a, k): Expr => {
    if ('kind' in a) return { kind: 'column', name: `x${k}`, type: types[a.kind], nullable: true };
    return { kind: 'literal', value: a.literal, type: typeOfLiteral(a.literal), nullable: false };
  });
  const argTypes = args.map((a) => a.type);
  const literals = args.map((a) => (a.kind === 'literal' ? a.value : undefined));
  if (resolveFunction(call.fn, argTypes, literals) === null) return false;
  const e: Expr = { kind: 'call', fn: call.fn, args, type: call.result, nullable: true };
  const rounds = Math.max(1, ...call.args.map((a) => ('kind' in a ? samples[a.kind].length : 1)));
  for (let i = 0; i < rounds; i++) {
    const row = Object.fromEntries(
      call.args.map((a, k) => {
        const values = 'kind' in a ? samples[a.kind] : [];
        // Each argument goes through its values at a pace of its own.
        return [`x${k}`, values[(i * (2 * k + 1)) % Math.max(1, values.length)] ?? null];
      }),
    );
    try {
      if (interpret(e, row) === FAILS) return false;
    } catch (error) {
      if (error instanceof RunError) return false;
      // What only whole columns can compute, the reference does not know.
      if (error instanceof Error && /does not know/.test(error.message)) return false;
      throw error;
    }
  }
  return true;
}
