import type { HostExpr } from '../expr.ts';
import { engineCall } from '../host/call.ts';
import type { HostParam } from '../host/def.ts';
import type { Gen, Val } from './gen.ts';
import { apply, argAs } from './gen_call.ts';

/** A call of a function of the user's; it is loaded before any expression is compiled. */
export function genHost(g: Gen, e: HostExpr): Val {
  const { fn } = e;
  const params = fn.params.map((p) => p.type);
  const args = e.args.map((a, k) => g.gen(argAs(a, (fn.params[k] as HostParam).type)));
  return apply(g, args, {
    node: e,
    impl: { call: engineCall(fn) as (...args: never[]) => unknown },
    params,
    result: fn.result.type,
    sees: (k) => (fn.params[k] as HostParam).nullable,
    mayNull: fn.result.nullable,
  });
}
