import { RunError } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import type { DataType } from '../types.ts';
import type { HostFunction, HostParam } from './def.ts';
import { thrownError, wrongResult } from './failure.ts';
import { hostValue } from './load.ts';
import { fromHost, isSame, toHost } from './values.ts';
import { watchWords } from './watch.ts';

/** A host function over values of the engine's: arguments and result by the conventions of generated code. */
export type EngineCall = (...args: readonly LiteralValue[]) => LiteralValue;

const calls = new WeakMap<object, Map<string, EngineCall>>();

/**
 * The function as generated code calls it. One piece of code a function, so that each is optimised by itself: numbers and booleans pass without an allocation.
 * What it throws, and a result that is not of its type, is a RunError with the arguments.
 */
export function engineCall(fn: HostFunction): EngineCall {
  const value = hostValue(fn);
  const known = calls.get(value) ?? new Map<string, EngineCall>();
  calls.set(value, known);
  const key = JSON.stringify([fn.id, fn.name, fn.params, fn.result, fn.timeout]);
  let call = known.get(key);
  if (call === undefined) {
    call = makeCall(fn);
    known.set(key, call);
  }
  return call;
}

/** The typeof of a result that needs no look: null where every result is looked at. */
function plainResult(t: DataType): string | null {
  return t.kind === 'float' ? 'number' : t.kind === 'bool' ? 'boolean' : t.kind === 'string' ? 'string' : null;
}

function makeCall(fn: HostFunction): EngineCall {
  const names = fn.params.map((_, k) => `a${k}`);
  const given = fn.params.map((p, k) => (converts(p) ? `c[${k}](a${k})` : `a${k}`));
  const plain = plainResult(fn.result.type);
  const [before, after] = fn.timeout === null ? ['', ''] : ['w[0]++;', 'w[0]++;'];
  const source = [
    "'use strict';",
    `return function host(${names.join(', ')}) {`,
    'let r;',
    fn.timeout === null ? '' : `w[1] = ${fn.id};`,
    before,
    `try { r = f(${given.join(', ')}); } catch (e) { ${after} fail(e, [${names.join(', ')}]); }`,
    after,
    plain === null
      ? `return take(r, [${names.join(', ')}]);`
      : `return typeof r === '${plain}' ? r : take(r, [${names.join(', ')}]);`,
    '};',
  ].join('\n');
  const shownArgs = (args: readonly LiteralValue[]): unknown[] =>
    args.map((v, k) => convert(fn.params[k] as HostParam)(v));
  const fail = (e: unknown, args: readonly LiteralValue[]): never => {
    throw e instanceof RunError ? e : thrownError(fn, e, shownArgs(args));
  };
  const take = (r: unknown, args: readonly LiteralValue[]): LiteralValue => {
    try {
      return fromHost(fn.result, r);
    } catch (e) {
      throw wrongResult(fn, fn.result, e, shownArgs(args));
    }
  };
  // Names of ours only: what is the user's comes in as arguments.
  // oxlint-disable-next-line typescript/no-implied-eval
  const factory = new Function('f', 'c', 'fail', 'take', 'w', source) as (...parts: unknown[]) => EngineCall;
  return factory(hostValue(fn), fn.params.map(convert), fail, take, watchWords());
}

function converts(p: HostParam): boolean {
  return p.bigint || !isSame(p.type);
}

/** From the engine's side to the user's. */
export function convert(p: HostParam): (v: LiteralValue) => unknown {
  if (p.bigint) return (v) => (v === null ? null : BigInt(v as number | bigint));
  const { type } = p;
  return isSame(type) ? (v) => v : (v) => toHost(type, v);
}
