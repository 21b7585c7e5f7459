import { RunError } from '../errors.ts';
import { T } from '../types.ts';
import { family, signatures } from './build.ts';
import { type Int, narrow } from './ints.ts';

/** Divisors, multiples and factorials of whole numbers: exact, an error beyond 64 bits. */

function divisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x < 0n ? -x : x;
}

const gcd = (a: Int, b: Int): Int => narrow(divisor(BigInt(a), BigInt(b)));

function lcm(a: Int, b: Int): Int {
  const [x, y] = [BigInt(a), BigInt(b)];
  if (x === 0n || y === 0n) return 0;
  const v = (x / divisor(x, y)) * y;
  return narrow(v < 0n ? -v : v);
}

/** 20! is the greatest of 64 bits: what is beyond fails at 21, without computing more. */
const LAST_FACTORIAL = 21n;

function factorial(n: Int): Int {
  if (n < 0) throw new RunError('FLOW7004', `there is no factorial of ${n}`, { value: String(n) });
  let product = 1n;
  for (let k = 2n; k <= n && k <= LAST_FACTORIAL; k++) product *= k;
  return narrow(product);
}

function floorMod(a: Int, b: Int): Int {
  if (b === 0)
    throw new RunError(
      'FLOW7005',
      `division by zero: floor_mod(${a}, 0)`,
      { value: String(a) },
      'test the divisor first, or use nullif(x, 0)',
    );
  const [x, y] = [BigInt(a), BigInt(b)];
  const r = x % y;
  return narrow(r !== 0n && r < 0n !== y < 0n ? r + y : r);
}

const pair = (call: (a: Int, b: Int) => Int) =>
  signatures({ params: [T.int, T.int], result: T.int, impl: { call, mayOverflow: true } });

export const WHOLE_NUMBERS = family('math', {
  gcd: {
    doc: 'Greatest common divisor.',
    signature: 'gcd(a, b)',
    aliases: ['greatest_common_divisor'],
    examples: [['gcd(12, 18)', '6']],
    resolve: pair(gcd),
  },
  lcm: {
    doc: 'Least common multiple; 0 when one of both is 0.',
    signature: 'lcm(a, b)',
    aliases: ['least_common_multiple'],
    examples: [['lcm(4, 6)', '12']],
    resolve: pair(lcm),
  },
  factorial: {
    doc: 'The product of the whole numbers from 1 to n; an error for negative numbers and beyond 20.',
    signature: 'factorial(n)',
    examples: [
      ['factorial(5)', '120'],
      ['factorial(20)', '2432902008176640000'],
    ],
    resolve: signatures({ params: [T.int], result: T.int, impl: { call: factorial, mayOverflow: true } }),
  },
  floor_mod: {
    doc: 'Remainder with the sign of the divisor, which `%` gives the sign of the dividend. Modulo zero is an error.',
    signature: 'floor_mod(a, b)',
    aliases: ['pmod'],
    examples: [['floor_mod(-7, 3)', '2']],
    resolve: pair(floorMod),
  },
});
