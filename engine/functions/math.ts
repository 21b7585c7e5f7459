import { RunError } from '../errors.ts';
import { type DataType, T } from '../types.ts';
import { family, overload, type Resolve, type Resolved, signatures } from './build.ts';
import type { FunctionImpl } from './def.ts';
import { type Int, narrow, pow10 } from './ints.ts';
import { implicitCost } from './types.ts';

const float1 = (js: string, doc: string, example: readonly [string, string], signature: string) => ({
  doc,
  signature,
  examples: [example],
  resolve: signatures({ params: [T.float], result: T.float, impl: { inline: (a: string) => `${js}(${a})` } }),
});

const isNumber = (t: DataType | undefined): t is DataType => t !== undefined && implicitCost(t, T.float) !== null;

/** One argument, any number, the same type out. */
function sameType(int: FunctionImpl, float: FunctionImpl): Resolve {
  return ([t, ...more]) => {
    if (more.length > 0 || !isNumber(t)) return null;
    const type = t.kind === 'null' ? T.int : t;
    return overload([type], type, type.kind === 'float' ? float : int);
  };
}

const abs = sameType(
  {
    inline: (a) => `(${a} < 0 ? 0 - ${a} : ${a})`,
    inlineWide: (a) => `(${a} < 0n ? -${a} : ${a})`,
    mayOverflow: true,
    bound: (a) => a,
  },
  { inline: (a) => `Math.abs(${a})` },
);

function sign([t, ...more]: readonly DataType[]): Resolved {
  if (more.length > 0 || !isNumber(t)) return null;
  const code = (a: string): string => `(${a} > 0 ? 1 : ${a} < 0 ? -1 : 0)`;
  if (t.kind === 'float') return overload([t], T.float, { inline: (a) => `(${a} !== ${a} ? ${a} : ${code(a)})` });
  const wide = (a: string): string => `(${a} > 0n ? 1n : ${a} < 0n ? -1n : 0n)`;
  return overload([t.kind === 'null' ? T.int : t], T.int, { inline: code, inlineWide: wide, bound: () => 1 });
}

type Rounding = 'floor' | 'ceil' | 'trunc' | 'round' | 'even';

/** `v / by` to an integer. */
function divide(v: bigint, by: bigint, how: Rounding): bigint {
  const q = v / by;
  const r = v % by;
  if (r === 0n) return q;
  const up = v < 0n ? -1n : 1n;
  switch (how) {
    case 'trunc':
      return q;
    case 'floor':
      return v < 0n ? q - 1n : q;
    case 'ceil':
      return v < 0n ? q : q + 1n;
    case 'round':
      return 2n * (r < 0n ? -r : r) >= by ? q + up : q;
    case 'even': {
      const twice = 2n * (r < 0n ? -r : r);
      return twice > by || (twice === by && q % 2n !== 0n) ? q + up : q;
    }
  }
}

/** Half away from zero. */
export function roundFloat(v: number): number {
  return v < 0 ? -Math.round(-v) : Math.round(v);
}

function roundEven(v: number): number {
  const r = roundFloat(v);
  return Math.abs(v - Math.trunc(v)) === 0.5 && r % 2 !== 0 ? r - Math.sign(r) : r;
}

const FLOAT_ROUND: Readonly<Record<Rounding, (v: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  round: roundFloat,
  even: roundEven,
};

function floatPlaces(v: number, places: number, how: Rounding): number {
  if (!Number.isFinite(v)) return v;
  if (places === 0) return FLOAT_ROUND[how](v);
  // Scaling by the decimal text keeps 1.005 at two places what it looks like: 1.01, not the 1.00 of its binary neighbour.
  const scaled = shiftDecimal(v, places);
  if (!Number.isFinite(scaled)) return v;
  return shiftDecimal(FLOAT_ROUND[how](scaled), -places);
}

/** v * 10^places, correctly rounded from the shortest text of `v`. */
function shiftDecimal(v: number, places: number): number {
  const [mantissa, exponent] = String(v).split('e');
  return Number(`${mantissa}e${Number(exponent ?? 0) + places}`);
}

/** int stays; decimal to `places` (a literal) places; float by decimal places. */
function rounding(how: Rounding): Resolve {
  return ([t, at, ...more], literals) => {
    if (more.length > 0 || !isNumber(t) || (at !== undefined && implicitCost(at, T.int) === null)) return null;
    const rest = at === undefined ? [] : [T.int];
    const type = t.kind === 'null' ? T.int : t;
    if (type.kind === 'float') {
      const impl: FunctionImpl = { call: (v: number, places: Int = 0) => floatPlaces(v, Number(places), how) };
      return overload([type, ...rest], type, impl);
    }
    const places = at === undefined ? 0 : literals[1];
    if (typeof places !== 'number') return { error: 'an int or decimal is rounded to a literal number of places' };
    const scale = type.kind === 'decimal' ? type.scale : 0;
    if (places >= scale)
      return overload([type, ...rest], type, { inline: (a) => a, inlineWide: (a) => a, call: (v: Int) => v });
    const cut = pow10(scale - places);
    const back = places < 0 ? pow10(-places) : 1n;
    const call = (v: Int): Int => narrow(divide(BigInt(v), cut, how) * back);
    // One digit more than whole ones, for what is rounded up; as many as 10^-places has.
    const precision =
      type.kind === 'decimal'
        ? Math.min(38, Math.max(1, 1 - places, type.precision - scale + Math.max(0, places) + 1))
        : 0;
    const result = type.kind === 'decimal' ? T.decimal(precision, Math.max(0, places)) : T.int;
    return overload([type, ...rest], result, { call, mayOverflow: true });
  };
}

/** 1 to any power is 1, and so is -1 to an infinite one: as IEEE 754 has it, and Math.pow not. */
const pow: FunctionImpl = {
  inline: (a, b) =>
    `(${a} === 1 || (${a} === -1 && (${b} === Infinity || ${b} === -Infinity)) ? 1 : Math.pow(${a}, ${b}))`,
};

function floatTest(js: (a: string) => string, doc: string, name: string, example: readonly [string, string]) {
  return {
    doc,
    aliases: [name.replace('is', 'is_')],
    signature: `${name}(x)`,
    examples: [example],
    resolve: signatures({ params: [T.float], result: T.bool, impl: { inline: js } }),
  };
}

const DOUBLE = new Float64Array(1);
const BITS = new BigInt64Array(DOUBLE.buffer);

/** The float next to x on the way to y: one step in the order of the bits. */
function nextAfter(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  if (x === y) return y;
  if (x === 0) return y > 0 ? Number.MIN_VALUE : -Number.MIN_VALUE;
  DOUBLE[0] = x;
  BITS[0] = (BITS[0] as bigint) + (x < y === x > 0 ? 1n : -1n);
  return DOUBLE[0];
}

/** Logarithm to a base; the two bases that have functions of their own are exact at their powers. */
function logBase(base: number, x: number): number {
  return base === 10 ? Math.log10(x) : base === 2 ? Math.log2(x) : Math.log(x) / Math.log(base);
}

/** Which of `count` equal buckets between `low` and `high` holds the value: 1 to count, 0 below, count + 1 above, where nan is too. */
function widthBucket(v: number, low: number, high: number, count: Int): Int {
  const n = Number(count);
  if (!(n >= 1) || low === high || !Number.isFinite(high - low))
    throw new RunError('FLOW7004', `width_bucket needs a count of at least 1 and two different bounds, both finite`);
  if (Number.isNaN(v)) return n + 1;
  const at = Math.floor(((v - low) / (high - low)) * n) + 1;
  return Math.max(0, Math.min(n + 1, at));
}

export const MATH = family('math', {
  abs: {
    doc: 'Magnitude, of the type of its argument.',
    signature: 'abs(x)',
    examples: [
      ['abs(-3)', '3'],
      ['abs(-2.5)', '2.5'],
    ],
    resolve: abs,
  },
  sign: { doc: '-1, 0 or 1; nan of nan.', signature: 'sign(x)', examples: [['sign(-7)', '-1']], resolve: sign },
  ceil: {
    doc: 'The least whole number not below x, or with `places` decimal places.',
    signature: 'ceil(x, places?)',
    aliases: ['ceiling'],
    examples: [
      ['ceil(1.2)', '2.0'],
      ['ceil("1.21"::decimal(4, 2), 1)', '1.3'],
    ],
    resolve: rounding('ceil'),
  },
  floor: {
    doc: 'The greatest whole number not above x, or with `places` decimal places.',
    signature: 'floor(x, places?)',
    examples: [
      ['floor(-1.2)', '-2.0'],
      ['floor(1234, -2)', '1200'],
    ],
    resolve: rounding('floor'),
  },
  round: {
    doc: 'To the nearest whole number, or to `places` decimal places; halves go away from zero. A float is rounded as the decimal number it is written as.',
    signature: 'round(x, places?)',
    examples: [
      ['round(2.5)', '3.0'],
      ['round(-1.005, 2)', '-1.01'],
      ['round("2.345"::decimal(6, 3), 2)', '2.35'],
      ['round(1250, -2)', '1300'],
    ],
    resolve: rounding('round'),
  },
  trunc: {
    doc: 'Without the decimals, or with the first `places` of them.',
    signature: 'trunc(x, places?)',
    examples: [
      ['trunc(-1.9)', '-1.0'],
      ['trunc(1.987, 1)', '1.9'],
    ],
    resolve: rounding('trunc'),
  },
  round_even: {
    doc: 'As round, but halves go to the even neighbour, so that sums of many are not pushed up.',
    signature: 'round_even(x, places?)',
    aliases: ['round_half_even'],
    examples: [
      ['round_even(2.5)', '2.0'],
      ['round_even(0.125, 2)', '0.12'],
      ['round_even("2.345"::decimal(6, 3), 2)', '2.34'],
    ],
    resolve: rounding('even'),
  },
  sqrt: float1('Math.sqrt', 'Square root; nan of a negative number.', ['sqrt(9)', '3.0'], 'sqrt(x)'),
  cbrt: float1('Math.cbrt', 'Cube root.', ['cbrt(27)', '3.0'], 'cbrt(x)'),
  exp: float1('Math.exp', 'e to the power of x.', ['exp(0)', '1.0'], 'exp(x)'),
  expm1: float1('Math.expm1', 'exp(x) - 1, exact near 0.', ['expm1(0)', '0.0'], 'expm1(x)'),
  ln: float1('Math.log', 'Natural logarithm; -inf of 0, nan below.', ['ln(1)', '0.0'], 'ln(x)'),
  log1p: float1('Math.log1p', 'ln(1 + x), exact near 0.', ['log1p(0)', '0.0'], 'log1p(x)'),
  log2: float1('Math.log2', 'Logarithm to base 2.', ['log2(8)', '3.0'], 'log2(x)'),
  log10: float1('Math.log10', 'Logarithm to base 10.', ['log10(1000)', '3.0'], 'log10(x)'),
  log: {
    doc: 'Logarithm to a base, 10 when left out as in SQL; `ln` is the natural one. -inf of 0, nan below.',
    signature: 'log(base?, x)',
    examples: [
      ['log(1000)', '3.0'],
      ['log(2, 8)', '3.0'],
    ],
    resolve: signatures(
      { params: [T.float], result: T.float, impl: { inline: (x) => `Math.log10(${x})` } },
      { params: [T.float, T.float], result: T.float, impl: { call: logBase } },
    ),
  },
  sin: float1('Math.sin', 'Sine of an angle in radians.', ['sin(0)', '0.0'], 'sin(x)'),
  cos: float1('Math.cos', 'Cosine of an angle in radians.', ['cos(0)', '1.0'], 'cos(x)'),
  tan: float1('Math.tan', 'Tangent of an angle in radians.', ['tan(0)', '0.0'], 'tan(x)'),
  cot: float1('1 / Math.tan', 'Cotangent of an angle in radians.', ['round(cot(pi() / 4), 9)', '1.0'], 'cot(x)'),
  asin: float1('Math.asin', 'Inverse sine, in radians.', ['asin(0)', '0.0'], 'asin(x)'),
  acos: float1('Math.acos', 'Inverse cosine, in radians.', ['acos(1)', '0.0'], 'acos(x)'),
  atan: float1('Math.atan', 'Inverse tangent, in radians.', ['atan(0)', '0.0'], 'atan(x)'),
  sinh: float1('Math.sinh', 'Hyperbolic sine.', ['sinh(0)', '0.0'], 'sinh(x)'),
  cosh: float1('Math.cosh', 'Hyperbolic cosine.', ['cosh(0)', '1.0'], 'cosh(x)'),
  tanh: float1('Math.tanh', 'Hyperbolic tangent.', ['tanh(0)', '0.0'], 'tanh(x)'),
  asinh: float1('Math.asinh', 'Inverse hyperbolic sine.', ['asinh(0)', '0.0'], 'asinh(x)'),
  acosh: float1('Math.acosh', 'Inverse hyperbolic cosine; nan below 1.', ['acosh(1)', '0.0'], 'acosh(x)'),
  atanh: float1('Math.atanh', 'Inverse hyperbolic tangent; nan beyond -1 and 1.', ['atanh(0)', '0.0'], 'atanh(x)'),
  radians: float1(
    '(Math.PI / 180) * ',
    'Degrees to radians.',
    ['radians(180)', '3.141592653589793'],
    'radians(degrees)',
  ),
  degrees: float1('(180 / Math.PI) * ', 'Radians to degrees.', ['degrees(pi())', '180.0'], 'degrees(radians)'),
  atan2: {
    doc: 'The angle of the point (x, y), in radians.',
    signature: 'atan2(y, x)',
    examples: [['atan2(0, 1)', '0.0']],
    resolve: signatures({
      params: [T.float, T.float],
      result: T.float,
      impl: { inline: (y, x) => `Math.atan2(${y}, ${x})` },
    }),
  },
  hypot: {
    doc: 'Length of the vector (x, y).',
    signature: 'hypot(x, y)',
    examples: [['hypot(3, 4)', '5.0']],
    resolve: signatures({
      params: [T.float, T.float],
      result: T.float,
      impl: { inline: (x, y) => `Math.hypot(${x}, ${y})` },
    }),
  },
  pow: {
    doc: 'x to the power of y, a float.',
    signature: 'pow(x, y)',
    aliases: ['power'],
    examples: [['pow(2, 10)', '1024.0']],
    resolve: signatures({ params: [T.float, T.float], result: T.float, impl: pow }),
  },
  pi: {
    doc: 'The ratio of a circle.',
    signature: 'pi()',
    examples: [['pi()', '3.141592653589793']],
    resolve: signatures({ params: [], result: T.float, impl: { inline: () => 'Math.PI' } }),
  },
  e: {
    doc: 'The base of natural logarithms.',
    signature: 'e()',
    examples: [['e()', '2.718281828459045']],
    resolve: signatures({ params: [], result: T.float, impl: { inline: () => 'Math.E' } }),
  },
  nextafter: {
    doc: 'The float next to x in the direction of y.',
    signature: 'nextafter(x, y)',
    examples: [['nextafter(1.0, 2.0)', '1.0000000000000002']],
    resolve: signatures({ params: [T.float, T.float], result: T.float, impl: { call: nextAfter } }),
  },
  isnan: floatTest((a) => `(${a} !== ${a})`, 'Whether x is nan.', 'isnan', ['isnan(0.0 / 0)', 'true']),
  isinf: floatTest((a) => `(${a} === Infinity || ${a} === -Infinity)`, 'Whether x is infinite.', 'isinf', [
    'isinf(1 / 0)',
    'true',
  ]),
  isfinite: floatTest((a) => `Number.isFinite(${a})`, 'Whether x is neither nan nor infinite.', 'isfinite', [
    'isfinite(1.5)',
    'true',
  ]),
  width_bucket: {
    doc: 'Number of the bucket, of `count` equal ones between low and high, that holds x: 0 below, count + 1 above. nan is above all.',
    signature: 'width_bucket(x, low, high, count)',
    examples: [['width_bucket(35, 0, 100, 10)', '4']],
    resolve: signatures({ params: [T.float, T.float, T.float, T.int], result: T.int, impl: { call: widthBucket } }),
  },
});
