import { typeEquals } from '../engine/types.ts';
import { type CallArgument, type TypedCall, typedCalls } from './functions.ts';
import { type Kind, kindOf, SAMPLES, TYPES } from './kinds.ts';

/** A call of a function of the registry, as a flow writes it. */
export interface RegisteredCall {
  readonly args: readonly CallArgument<Kind>[];
  /** The text of the call with the texts of its arguments. */
  readonly text: (args: readonly string[]) => string;
}

let known: ReadonlyMap<Kind, readonly (readonly RegisteredCall[])[]> | null = null;

/** Calls that give a kind, by function. Found when they are first asked for, which takes about a second. */
export function registeredCalls(kind: Kind): readonly (readonly RegisteredCall[])[] {
  known ??= byKind();
  return known.get(kind) ?? [];
}

function byKind(): ReadonlyMap<Kind, readonly (readonly RegisteredCall[])[]> {
  const found = new Map<Kind, Map<string, RegisteredCall[]>>();
  for (const call of typedCalls(TYPES, SAMPLES)) {
    const own = kindOf(call.result);
    const kind = own ?? 'string';
    const functions = found.get(kind) ?? new Map<string, RegisteredCall[]>();
    found.set(
      kind,
      functions.set(call.fn, [...(functions.get(call.fn) ?? []), { args: call.args, text: textOf(call) }]),
    );
  }
  return new Map([...found].map(([kind, functions]) => [kind, [...functions.values()]]));
}

/** Decimals of other sizes are made those of the kind, or null; values of no kind become text. */
function textOf({ fn, result }: TypedCall<Kind>): RegisteredCall['text'] {
  const call = (args: readonly string[]): string => `${fn}(${args.join(', ')})`;
  const kind = kindOf(result);
  if (kind === null) return (args) => `to_json(${call(args)})::string`;
  if (kind === 'decimal' && !typeEquals(result, TYPES.decimal)) return (args) => `${call(args)}::decimal(12, 2)?`;
  return call;
}
