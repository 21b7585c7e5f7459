import { RunError } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import { type DataType, formatType, T } from '../types.ts';
import { family, overload, type Resolve } from './build.ts';
import { formatDecimal, formatFloat, formatValue } from './format.ts';
import { divRound, type Int, narrow, pow10 } from './ints.ts';
import { memo } from './pattern.ts';
import { checkLength, lengthOf, sliceChars } from './text.ts';

/** `format("{:>8.2f}", x)` and `printf("%8.2f", x)`: two ways to write the same specification. */

interface Spec {
  readonly fill: string;
  readonly align: '<' | '>' | '^' | '';
  readonly sign: '' | '+' | ' ';
  readonly alternate: boolean;
  readonly zeros: boolean;
  readonly width: number;
  readonly grouped: boolean;
  readonly precision: number | null;
  /** Letter of the kind of text; empty: that of the value's type. */
  readonly kind: string;
  /** Digits to other bases than 10 are those of the 64 bits. */
  readonly unsigned: boolean;
}

/** Text, or the argument to put in. */
type Piece = string | { readonly arg: number; readonly spec: Spec };
type Pieces = readonly Piece[] | { readonly error: string };

const INT_KINDS = 'dixXobc';
const FLOAT_KINDS = 'fFeEgG%';
/** Decimal places that are written at most. */
const MOST_PLACES = 100;

const BRACES = /\{\{|\}\}|\{(\d*)(?::((?:(.)?([<>^]))?([+ -]?)(#?)(0?)(\d*)(,?)(?:\.(\d+))?([a-zA-Z%]?)))?\}|[{}]/gsu;

/** The pieces of a format of `{}`. */
function bracePieces(format: string): Pieces {
  const out: Piece[] = [];
  let at = 0;
  let next = 0;
  for (const m of format.matchAll(BRACES)) {
    out.push(format.slice(at, m.index));
    at = m.index + m[0].length;
    if (m[0] === '{{' || m[0] === '}}') out.push(m[0].slice(1));
    else if (m[0] === '{' || m[0] === '}')
      return {
        error: `the format ${JSON.stringify(format)} has a single ${m[0]} or a bad specification at character ${m.index + 1}; write ${m[0]}${m[0]} for the character`,
      };
    else {
      const [, which, , fill = ' ', align = '', sign = '', alternate, zeros, width, grouped, precision, kind = ''] = m;
      const spec: Spec = {
        fill,
        align: align as Spec['align'],
        sign: (sign === '-' ? '' : sign) as Spec['sign'],
        alternate: alternate === '#',
        zeros: zeros === '0',
        width: Number(width ?? 0),
        grouped: grouped === ',',
        precision: precision === undefined ? null : Number(precision),
        kind,
        unsigned: false,
      };
      out.push({ arg: which === '' || which === undefined ? next++ : Number(which), spec });
    }
  }
  out.push(format.slice(at));
  return out.filter((p) => p !== '');
}

const PERCENTS = /%(?:%|([-+ 0#,]*)(\d*)(?:\.(\d*))?(?:hh|h|ll|l|L|z|j|t)?([a-zA-Z]))|%/gsu;

/** The pieces of a format of `%`. */
function percentPieces(format: string): Pieces {
  const out: Piece[] = [];
  let at = 0;
  let next = 0;
  for (const m of format.matchAll(PERCENTS)) {
    out.push(format.slice(at, m.index));
    at = m.index + m[0].length;
    if (m[0] === '%%') out.push('%');
    else if (m[0] === '%')
      return {
        error: `the format ${JSON.stringify(format)} has a single % at character ${m.index + 1}; write %% for the character`,
      };
    else {
      const [, flags = '', width, precision, kind = ''] = m;
      const letter = kind === 'u' || kind === 'i' ? 'd' : kind;
      if (!`${INT_KINDS}feEgGFs`.includes(letter)) return { error: `there is no format %${kind}` };
      const spec: Spec = {
        fill: ' ',
        align: flags.includes('-') ? '<' : '>',
        sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '',
        alternate: flags.includes('#'),
        zeros: flags.includes('0') && !flags.includes('-'),
        width: Number(width ?? 0),
        grouped: flags.includes(','),
        precision: precision === undefined ? null : Number(precision),
        kind: letter,
        unsigned: true,
      };
      out.push({ arg: next++, spec });
    }
  }
  out.push(format.slice(at));
  return out.filter((p) => p !== '');
}

/** Why the arguments do not fit the pieces; null when they do. */
function unfit(pieces: readonly Piece[], types: readonly DataType[]): string | null {
  for (const p of pieces) {
    if (typeof p === 'string') continue;
    const t = types[p.arg];
    if (t === undefined) return `the format asks for ${p.arg + 1} arguments, there are ${types.length}`;
    const { kind } = p.spec;
    const exact = t.kind === 'int' || t.kind === 'bool' || t.kind === 'null';
    const number = exact || t.kind === 'float' || t.kind === 'decimal';
    if (kind !== '' && INT_KINDS.includes(kind) && !exact)
      return `the format ${kind} needs an int, got ${formatType(t)}`;
    if (kind !== '' && FLOAT_KINDS.includes(kind) && !number)
      return `the format ${kind} needs a number, got ${formatType(t)}`;
    if (kind !== '' && !`${INT_KINDS}${FLOAT_KINDS}s`.includes(kind)) return `there is no format ${kind}`;
  }
  return null;
}

/** Thousands apart. */
const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',');

/** An exponent has two digits at least. */
const exponential = (v: number, places: number): string =>
  v.toExponential(Math.min(MOST_PLACES, places)).replace(/e([+-])(\d)$/, 'e$10$2');

function fixed(v: number, places: number): string {
  return v < 1e21
    ? v.toFixed(Math.min(MOST_PLACES, places))
    : `${BigInt(v)}${places === 0 ? '' : `.${'0'.repeat(places)}`}`;
}

/** As C does: fixed or with an exponent by the size of the number, without zeros at the end. */
function general(v: number, precision: number, alternate: boolean): string {
  const digits = Math.max(1, precision);
  const exponent = v === 0 ? 0 : Number(v.toExponential(digits - 1).split('e')[1]);
  const scientific = exponent < -4 || exponent >= digits;
  const text = scientific ? exponential(v, digits - 1) : fixed(v, digits - 1 - exponent);
  return alternate ? text : text.replace(/\.?0+(?=$|e)/, (zeros) => (text.includes('.') ? '' : zeros));
}

/** Digits of a magnitude, without sign. */
function floatDigits(v: number, spec: Spec): string {
  if (!Number.isFinite(v)) return Number.isNaN(v) ? 'nan' : 'inf';
  const places = spec.precision ?? 6;
  switch (spec.kind) {
    case 'e':
    case 'E':
      return exponential(v, places);
    case 'g':
    case 'G':
      return general(v, places, spec.alternate);
    case '%':
      return `${fixed(v * 100, places)}%`;
    case '':
      return spec.precision === null ? formatFloat(v) : general(v, spec.precision, spec.alternate);
    default:
      return fixed(v, places);
  }
}

const RADIX: Readonly<Record<string, number>> = { x: 16, X: 16, o: 8, b: 2 };
const PREFIX: Readonly<Record<string, string>> = { x: '0x', X: '0X', o: '0', b: '0b' };

function number(negative: boolean, digits: string, prefix: string, spec: Spec): string {
  const point = digits.search(/[.e%]/);
  const whole = point < 0 ? digits : digits.slice(0, point);
  const shown = spec.grouped && /^\d+$/.test(whole) ? grouped(whole) + (point < 0 ? '' : digits.slice(point)) : digits;
  const sign = negative ? '-' : spec.sign;
  const head = sign + prefix;
  const upper =
    spec.kind === 'E' || spec.kind === 'G' || spec.kind === 'F' || spec.kind === 'X' ? shown.toUpperCase() : shown;
  if (spec.zeros && spec.align !== '<' && /\d/.test(upper)) return head + upper.padStart(spec.width - head.length, '0');
  return aligned(head + upper, { ...spec, align: spec.align === '' ? '>' : spec.align });
}

function aligned(text: string, spec: Spec): string {
  const need = spec.width - lengthOf(text);
  if (need <= 0) return text;
  const left = spec.align === '>' ? need : spec.align === '^' ? Math.floor(need / 2) : 0;
  return spec.fill.repeat(left) + text + spec.fill.repeat(need - left);
}

function whole(v: Int, spec: Spec): string {
  if (spec.kind === 'c') return aligned(String.fromCodePoint(Number(v)), spec);
  const radix = RADIX[spec.kind] ?? 10;
  const bits = spec.unsigned && radix !== 10;
  const magnitude = bits ? BigInt.asUintN(64, BigInt(v)) : v < 0 ? -BigInt(v) : BigInt(v);
  const digits = magnitude.toString(radix).padStart(spec.precision ?? 0, '0');
  return number(v < 0 && !bits, digits, spec.alternate ? (PREFIX[spec.kind] ?? '') : '', spec);
}

/** A decimal keeps its digits: rounded to the places asked for, half away from zero. */
function decimal(v: Int, scale: number, spec: Spec): string {
  const places = spec.precision ?? (spec.kind === '' ? scale : 6);
  const n = BigInt(v);
  const unscaled = places >= scale ? n * pow10(places - scale) : divRound(n, pow10(scale - places));
  const text = formatDecimal(narrow(unscaled < 0n ? -unscaled : unscaled), places);
  return number(unscaled < 0n, text, '', spec);
}

function written(v: LiteralValue, t: DataType, spec: Spec): string {
  checkLength(spec.width);
  const { kind } = spec;
  const asNumber = kind === '' || FLOAT_KINDS.includes(kind);
  if (v === null) return aligned('null', spec);
  if ((t.kind === 'int' || t.kind === 'bool') && kind !== 's') {
    if (kind === '' && t.kind === 'bool') return aligned(String(v), spec);
    const n = typeof v === 'boolean' ? Number(v) : (v as Int);
    if (kind === '' || INT_KINDS.includes(kind)) return whole(n, spec);
    return number(n < 0, floatDigits(Math.abs(Number(n)), spec), '', spec);
  }
  if (t.kind === 'float' && asNumber) {
    const n = v as number;
    return number(n < 0 || Object.is(n, -0), floatDigits(Math.abs(n), spec), '', spec);
  }
  if (t.kind === 'decimal' && (kind === '' || kind === 'f' || kind === 'F')) return decimal(v as Int, t.scale, spec);
  if (t.kind === 'decimal' && asNumber) {
    const n = Number(formatDecimal(v as Int, t.scale));
    return number(n < 0, floatDigits(Math.abs(n), spec), '', spec);
  }
  const text = formatValue(t, v);
  return aligned(spec.precision === null ? text : sliceChars(text, 0, spec.precision), spec);
}

function formatting(pieces: (format: string) => Pieces): Resolve {
  return ([format, ...types], literals) => {
    if (format?.kind !== 'string' && format?.kind !== 'null') return null;
    if (types.some((t) => t.kind === 'bytes')) return null;
    const checked = (text: string): Pieces => {
      const read = pieces(text);
      const problem = 'error' in read ? null : unfit(read, types);
      return problem === null ? read : { error: problem };
    };
    const known = memo((text) => {
      const read = checked(text);
      if ('error' in read) throw new RunError('FLOW7004', read.error, { value: text });
      return read;
    });
    const literal = literals[0];
    if (typeof literal === 'string') {
      const read = checked(literal);
      if ('error' in read) return read;
    }
    const call = (text: string, ...values: LiteralValue[]): string =>
      known(text)
        .map((p) =>
          typeof p === 'string' ? p : written(values[p.arg] as LiteralValue, types[p.arg] as DataType, p.spec),
        )
        .join('');
    return overload([T.string, ...types], T.string, { call });
  };
}

export const TEXT_FORMAT = family('string', {
  format: {
    doc: 'A text with the arguments in the places of `{}`, or of `{0}`, `{1}` by number. Behind a colon: fill and `<` `>` `^` to align, `+`, `0`, a width, `,` for thousands, `.digits`, and d x X o b c f e g % s. `{{` is a brace. A bad literal format is an error before the run.',
    signature: 'format(format, a, b, …)',
    examples: [
      ['format("{} of {}", 3, "x")', '"3 of x"'],
      ['format("{:,.2f}|{:>6}|{:*^5}", 1234.5, 42, "a")', '"1,234.50|    42|**a**"'],
      ['format("{1}-{0:05d}", 7, "n")', '"n-00007"'],
      ['format("{:x} {:.1%}", 255, 0.256)', '"ff 25.6%"'],
    ],
    resolve: formatting(bracePieces),
  },
  printf: {
    doc: 'A text with the arguments in the places of `%d`, `%s`, `%.2f` and the like, as in C: flags `-+ 0#,`, a width, `.digits`, and d i u x X o c f e g s. `%%` is a percent sign.',
    signature: 'printf(format, a, b, …)',
    examples: [
      ['printf("%s: %05.1f%%", "load", 12.34)', '"load: 012.3%"'],
      ['printf("%-5s|%5d|%x", "ab", 42, 255)', '"ab   |   42|ff"'],
    ],
    resolve: formatting(percentPieces),
  },
});
