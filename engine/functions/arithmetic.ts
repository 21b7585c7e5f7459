import { RunError } from '../errors.ts';
import { type DataType, T } from '../types.ts';
import { family, overload, type Resolved } from './build.ts';
import type { FunctionImpl } from './def.ts';
import { exact, type Int } from './ints.ts';
import { LONGEST_DECIMAL } from './limits.ts';
import { temporalMinus, temporalPlus, temporalTimes } from './temporal_arithmetic.ts';
import { asDecimal, implicitCost } from './types.ts';

const pair = (t: DataType): readonly DataType[] => [t, t];

/** Number code that never gives -0 for an integer. */
const plus: FunctionImpl = {
  inline: (a, b) => `(${a} + ${b})`,
  inlineWide: (a, b) => `(${a} + ${b})`,
  mayOverflow: true,
  bound: (a, b) => a + b,
};
const minus: FunctionImpl = {
  inline: (a, b) => `(${a} - ${b})`,
  inlineWide: (a, b) => `(${a} - ${b})`,
  mayOverflow: true,
  bound: (a, b) => a + b,
};
const times: FunctionImpl = {
  inline: (a, b) => `(${a} * ${b} + 0)`,
  inlineWide: (a, b) => `(${a} * ${b})`,
  mayOverflow: true,
  bound: (a, b) => a * b,
};
const float = (op: string): FunctionImpl => ({ inline: (a, b) => `(${a} ${op} ${b})` });

function zero(op: string, a: Int): RunError {
  return new RunError(
    'FLOW7005',
    `division by zero: ${a} ${op} 0`,
    { value: String(a) },
    'test the divisor first, or use nullif(x, 0)',
  );
}

/** Truncated quotient. The quotient of two exact numbers rounds to an integer only when it is one. */
const intdiv: FunctionImpl = {
  call: (a: Int, b: Int): Int => {
    if (b === 0) throw zero('//', a);
    return exact(
      a,
      b,
      (x, y) => Math.trunc(x / y),
      (x, y) => x / y,
    );
  },
  mayOverflow: true,
};

const remainder: FunctionImpl = {
  call: (a: Int, b: Int): Int => {
    if (b === 0) throw zero('%', a);
    return exact(
      a,
      b,
      (x, y) => x % y,
      (x, y) => x % y,
    );
  },
};

type Decimal = { readonly precision: number; readonly scale: number };

/** Both sides as decimals of one scale; null unless both are exact numbers and one is a decimal. */
export function alignDecimals(
  a: DataType,
  b: DataType,
  literals: readonly unknown[],
): readonly [DataType & Decimal, DataType & Decimal] | null {
  if (a.kind !== 'decimal' && b.kind !== 'decimal') return null;
  const x = asDecimal(a, literals[0]);
  const y = asDecimal(b, literals[1]);
  if (x === null || y === null) return null;
  const scale = Math.max(x.scale, y.scale);
  const at = (d: Decimal) => ({
    kind: 'decimal' as const,
    precision: Math.min(LONGEST_DECIMAL, d.precision - d.scale + scale),
    scale,
  });
  return [at(x), at(y)];
}

/** One of the two may be null: the other one's type. */
function pick(a: DataType, b: DataType): readonly [DataType, DataType] {
  return [a.kind === 'null' ? b : a, b.kind === 'null' ? a : b];
}

function isFloaty(a: DataType, b: DataType): boolean {
  const numeric = (t: DataType) => implicitCost(t, T.float) !== null;
  return numeric(a) && numeric(b);
}

function additive(
  args: readonly DataType[],
  literals: readonly unknown[],
  impl: FunctionImpl,
  op: '+' | '-',
): Resolved {
  if (args.length !== 2) return null;
  const [a, b] = pick(args[0] as DataType, args[1] as DataType);
  if (a.kind === 'int' && b.kind === 'int') return overload(pair(T.int), T.int, impl);
  const aligned = alignDecimals(a, b, literals);
  if (aligned !== null) {
    const [x, y] = aligned;
    const whole = Math.max(x.precision, y.precision) - x.scale;
    return overload(aligned, T.decimal(Math.min(LONGEST_DECIMAL, whole + x.scale + 1), x.scale), impl);
  }
  if (a.kind === 'null' || isFloaty(a, b)) return overload(pair(T.float), T.float, float(op));
  return op === '+' ? temporalPlus(a, b, literals) : temporalMinus(a, b, literals);
}

function multiply(args: readonly DataType[], literals: readonly unknown[]): Resolved {
  if (args.length !== 2) return null;
  const [a, b] = pick(args[0] as DataType, args[1] as DataType);
  if (a.kind === 'int' && b.kind === 'int') return overload(pair(T.int), T.int, times);
  const x = asDecimal(a, literals[0]);
  const y = asDecimal(b, literals[1]);
  if ((a.kind === 'decimal' || b.kind === 'decimal') && x !== null && y !== null) {
    const scale = x.scale + y.scale;
    if (scale > LONGEST_DECIMAL) {
      return {
        error: `the product needs ${scale} decimal places, a decimal holds ${LONGEST_DECIMAL}; cast one side to fewer, or to float`,
      };
    }
    const result = T.decimal(Math.min(LONGEST_DECIMAL, x.precision + y.precision), scale);
    return overload([T.decimal(x.precision, x.scale), T.decimal(y.precision, y.scale)], result, times);
  }
  if (a.kind === 'null' || isFloaty(a, b)) return overload(pair(T.float), T.float, float('*'));
  return temporalTimes(a, b);
}

/** `//` and `%`: exact for int and decimal, IEEE for float. */
function integral(
  args: readonly DataType[],
  literals: readonly unknown[],
  impl: FunctionImpl,
  onFloat: FunctionImpl,
  decimal: (x: Decimal, y: Decimal) => DataType,
): Resolved {
  if (args.length !== 2) return null;
  const [a, b] = pick(args[0] as DataType, args[1] as DataType);
  if (a.kind === 'int' && b.kind === 'int') return overload(pair(T.int), T.int, impl);
  const aligned = alignDecimals(a, b, literals);
  if (aligned !== null) return overload(aligned, decimal(...aligned), impl);
  return a.kind === 'null' || isFloaty(a, b) ? overload(pair(T.float), T.float, onFloat) : null;
}

const floatDiv: FunctionImpl = { inline: (a, b) => `Math.trunc(${a} / ${b})` };

function negate(args: readonly DataType[]): Resolved {
  const t = args[0];
  if (args.length !== 1 || t === undefined) return null;
  if (t.kind === 'null') return overload([T.int], T.int, minus);
  if (t.kind === 'float') return overload([t], t, { inline: (a) => `(-${a})` });
  if (t.kind === 'int' || t.kind === 'decimal') {
    return overload([t], t, {
      inline: (a) => `(0 - ${a})`,
      inlineWide: (a) => `(-${a})`,
      mayOverflow: true,
      bound: (a) => a,
    });
  }
  return t.kind === 'interval' ? temporalTimes(t, T.int, -1) : null;
}

const concatenated: FunctionImpl = { inline: (a, b) => `(${a} + ${b})` };

export const ARITHMETIC = family('operator', {
  add: {
    doc: 'Sum. int with int stays int and fails beyond 64 bits; decimals keep every digit; anything with a float is float. A date plus an int is days later; a date or timestamp plus an interval moves by it; strings are joined.',
    signature: 'a + b',
    examples: [
      ['1 + 2', '3'],
      ['0.1 + 0.2', '0.30000000000000004'],
      ['"1.10"::decimal(4, 2) + 1', '2.10'],
      ['@2024-01-31 + 1mo', '@2024-02-29'],
      ['@2024-02-28 + 2', '@2024-03-01'],
      ['"a" + "b"', '"ab"'],
    ],
    resolve: (args, literals) => {
      const text = (t: DataType | undefined) => t?.kind === 'string' || t?.kind === 'null';
      if (args.length === 2 && text(args[0]) && text(args[1]) && args.some((t) => t.kind === 'string')) {
        return overload(pair(T.string), T.string, concatenated);
      }
      return additive(args, literals, plus, '+');
    },
  },
  sub: {
    doc: 'Difference. A date minus a date is an int number of days; a timestamp minus a timestamp is an interval of days and microseconds.',
    signature: 'a - b',
    examples: [
      ['5 - 7', '-2'],
      ['@2024-03-01 - @2024-02-01', '29'],
      ['@2024-03-31 - 1mo', '@2024-02-29'],
      ['@2024-01-02T01:00:00Z - @2024-01-01T00:00:00Z', '1d 1h'],
    ],
    resolve: (args, literals) => additive(args, literals, minus, '-'),
  },
  mul: {
    doc: 'Product. Decimals keep every digit: the scales add up. An interval times an int repeats it.',
    signature: 'a * b',
    examples: [
      ['6 * 7', '42'],
      ['"1.5"::decimal(4, 2) * "2.5"::decimal(4, 1)', '3.750'],
      ['2 * 1d', '2d'],
    ],
    resolve: multiply,
  },
  div: {
    doc: 'Quotient, always a float; division by zero is infinite, 0 / 0 is nan.',
    signature: 'a / b',
    examples: [
      ['7 / 2', '3.5'],
      ['1 / 0', 'inf'],
    ],
    resolve: (args) =>
      args.length === 2 && isFloaty(args[0] as DataType, args[1] as DataType)
        ? overload(pair(T.float), T.float, float('/'))
        : null,
  },
  intdiv: {
    doc: 'Quotient truncated toward zero. An int or decimal divided by zero is an error.',
    signature: 'a // b',
    examples: [
      ['7 // 2', '3'],
      ['-7 // 2', '-3'],
      ['7.5 // 2', '3.0'],
    ],
    resolve: (args, literals) =>
      integral(args, literals, intdiv, floatDiv, (x) =>
        T.decimal(Math.min(LONGEST_DECIMAL, Math.max(1, x.precision)), 0),
      ),
  },
  mod: {
    doc: 'Remainder of the truncated quotient: it has the sign of the dividend. An int or decimal modulo zero is an error.',
    signature: 'a % b',
    examples: [
      ['7 % 3', '1'],
      ['-7 % 3', '-1'],
      ['7.5 % 2', '1.5'],
    ],
    resolve: (args, literals) =>
      integral(
        args,
        literals,
        remainder,
        float('%'),
        (x, y) => (x.precision >= y.precision ? x : y) as DataType & Decimal,
      ),
  },
  neg: {
    doc: 'Opposite.',
    signature: '-a',
    examples: [['-(3)', '-3']],
    resolve: negate,
  },
});
