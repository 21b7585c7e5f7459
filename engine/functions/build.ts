import { type DataType, formatType } from '../types.ts';
import type { FunctionDef, FunctionImpl, Misfit, Overload } from './def.ts';
import { implicitCost } from './types.ts';

export type Resolve = FunctionDef['resolve'];
export type Resolved = Overload | Misfit | null;

/** A fixed signature. The last `optional` parameters may be left out; with `variadic` the last one repeats (once at least). */
export interface Signature {
  readonly params: readonly DataType[];
  readonly result: DataType;
  readonly impl: FunctionImpl;
  readonly optional?: number;
  readonly variadic?: boolean;
  readonly nullable?: boolean;
}

/** Resolves by the cheapest signature that takes the arguments; the first one wins a tie. */
export function signatures(...all: Signature[]): Resolve {
  return (args) => {
    let best: Overload | null = null;
    let bestCost = Number.POSITIVE_INFINITY;
    for (const s of all) {
      const params = paramsFor(s, args.length);
      if (params === null) continue;
      const cost = totalCost(args, params);
      if (cost < bestCost) {
        best = {
          params: params.map((p, i) => keepZone(p, args[i] as DataType)),
          result: s.result,
          impl: s.impl,
          nullable: s.nullable,
        };
        bestCost = cost;
      }
    }
    return best;
  };
}

/** A zone only says how a timestamp is shown: no cast is made for it. */
function keepZone(param: DataType, arg: DataType): DataType {
  return param.kind === 'timestamp' && arg.kind === 'timestamp' ? arg : param;
}

function paramsFor(s: Signature, count: number): readonly DataType[] | null {
  const most = s.params.length;
  const least = most - (s.optional ?? 0);
  if (count < least) return null;
  if (count <= most) return s.params.slice(0, count);
  const last = s.params[most - 1];
  if (s.variadic !== true || last === undefined) return null;
  return [...s.params, ...new Array<DataType>(count - most).fill(last)];
}

function totalCost(args: readonly DataType[], params: readonly DataType[]): number {
  let total = 0;
  for (let i = 0; i < args.length; i++) {
    const cost = implicitCost(args[i] as DataType, params[i] as DataType);
    if (cost === null) return Number.POSITIVE_INFINITY;
    total += cost;
  }
  return total;
}

/** An overload with parameters just as given. */
export function overload(
  params: readonly DataType[],
  result: DataType,
  impl: FunctionImpl,
  nullable?: Overload['nullable'],
): Overload {
  return { params, result, impl, nullable };
}

export function isMisfit(r: Resolved): r is Misfit {
  return r !== null && 'error' in r;
}

/** `(int, string)`, for messages. */
export function typeList(args: readonly DataType[]): string {
  return `(${args.map((t) => formatType(t)).join(', ')})`;
}

type Define = Omit<FunctionDef, 'name' | 'family'>;

/** Gives each entry of a family its name. */
export function family<K extends string>(
  name: FunctionDef['family'],
  entries: Readonly<Record<K, Define>>,
): Readonly<Record<K, FunctionDef>> {
  const out: Partial<Record<K, FunctionDef>> = {};
  for (const key of Object.keys(entries) as K[]) out[key] = { name: key, family: name, ...entries[key] };
  return out as Record<K, FunctionDef>;
}
