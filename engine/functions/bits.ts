import { RunError } from '../errors.ts';
import { T } from '../types.ts';
import { family, signatures } from './build.ts';
import { type Int, narrow } from './ints.ts';

/** Bits of 64-bit integers in two's complement. */

const small = (v: Int): v is number => typeof v === 'number' && (v | 0) === v;

function bitwise(
  num: (a: number, b: number) => number,
  big: (a: bigint, b: bigint) => bigint,
): (a: Int, b: Int) => Int {
  return (a, b) => (small(a) && small(b) ? num(a, b) : narrow(big(BigInt(a), BigInt(b))));
}

const and = bitwise(
  (a, b) => a & b,
  (a, b) => a & b,
);
const or = bitwise(
  (a, b) => a | b,
  (a, b) => a | b,
);
const xor = bitwise(
  (a, b) => a ^ b,
  (a, b) => a ^ b,
);

const not = (a: Int): Int => (small(a) ? ~a : narrow(~BigInt(a)));

function places(n: Int): bigint {
  if (n < 0) throw new RunError('FLOW7004', `bits are moved by 0 places or more, not by ${n}`, { value: String(n) });
  // Beyond 64 places nothing changes any more.
  return BigInt(n) > 64n ? 64n : BigInt(n);
}

const left = (a: Int, n: Int): Int => narrow(BigInt(a) << places(n));
const right = (a: Int, n: Int): Int => narrow(BigInt(a) >> places(n));

function ones(a: Int): number {
  let count = 0;
  for (let rest = BigInt.asUintN(64, BigInt(a)); rest !== 0n; rest &= rest - 1n) count++;
  return count;
}

const pair = (call: (a: Int, b: Int) => Int, mayOverflow = false) =>
  signatures({ params: [T.int, T.int], result: T.int, impl: { call, mayOverflow } });
const single = (call: (a: Int) => Int) => signatures({ params: [T.int], result: T.int, impl: { call } });

export const BITS = family('math', {
  bitand: {
    doc: 'The bits that both have set.',
    signature: 'bitand(a, b)',
    examples: [['bitand(12, 10)', '8']],
    resolve: pair(and),
  },
  bitor: {
    doc: 'The bits that one or both have set.',
    signature: 'bitor(a, b)',
    examples: [['bitor(12, 10)', '14']],
    resolve: pair(or),
  },
  bitxor: {
    doc: 'The bits that only one of both has set.',
    signature: 'bitxor(a, b)',
    examples: [['bitxor(12, 10)', '6']],
    resolve: pair(xor),
  },
  bitnot: {
    doc: 'All bits turned around: -x - 1.',
    signature: 'bitnot(x)',
    examples: [['bitnot(0)', '-1']],
    resolve: single(not),
  },
  bitshiftleft: {
    doc: 'The bits moved up by n places: x times 2 to the power of n. A result beyond 64 bits and a negative n are errors.',
    signature: 'bitshiftleft(x, n)',
    examples: [['bitshiftleft(1, 10)', '1024']],
    resolve: pair(left, true),
  },
  bitshiftright: {
    doc: 'The bits moved down by n places, the sign kept. A negative n is an error.',
    signature: 'bitshiftright(x, n)',
    examples: [['bitshiftright(-16, 2)', '-4']],
    resolve: pair(right),
  },
  bit_count: {
    doc: 'Number of bits set, of the 64.',
    signature: 'bit_count(x)',
    examples: [
      ['bit_count(255)', '8'],
      ['bit_count(-1)', '64'],
    ],
    resolve: single(ones),
  },
});
