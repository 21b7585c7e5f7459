import type { Column } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { f64Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { DataType, Field } from '../types.ts';
import { field, isNumeric, T } from '../types.ts';
import { addCounts, countColumn } from './counts.ts';
import type { Accumulator, AggregateDef, ResolvedAggregate } from './def.ts';
import type { DD } from './double_double.ts';
import { DoubleDoubles, ddAdd, ddDivide, ddMultiply, ddNegate } from './double_double.ts';
import { doublesOf, slot, validRows } from './numbers.ts';
import { nullableFloats } from './sums.ts';

/** What the sums of a group give: the number of values, and the centred moments sum((x - mean)^k) / n. */
interface Shape {
  readonly n: number;
  readonly m2: number;
  readonly m3: number;
  readonly m4: number;
}

type Formula = (s: Shape) => number | null;

/**
 * Sums over terms of each value in double-double: powers up to the fourth, or the logarithm. `terms` gives the k-th one; the sums, so precise, are
 * centred at the end as if in a second pass.
 */
class TermSums implements Accumulator {
  private readonly n: Vector<Float64Array>;
  private readonly sums: readonly DoubleDoubles[];
  private readonly terms: readonly ((x: number) => DD)[];
  private readonly unit: number;
  private readonly result: (n: number, sums: readonly DD[]) => number | null;

  constructor(
    store: Store,
    arg: DataType,
    terms: readonly ((x: number) => DD)[],
    result: (n: number, sums: readonly DD[]) => number | null,
  ) {
    this.n = f64Vector(store, 'moments');
    this.terms = terms;
    this.sums = terms.map(() => new DoubleDoubles(store, 'moments'));
    this.unit = arg.kind === 'decimal' ? 10 ** arg.scale : 1;
    this.result = result;
  }

  bytes(): number {
    return this.sums.reduce((b, s) => b + s.bytes(), this.n.bytes);
  }

  grow(groups: number): void {
    this.n.grow(groups, 0);
    for (const s of this.sums) s.grow(groups);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const v = validRows(groups, rows, args);
    const counts = this.n.data;
    for (let i = 0; i < v.n; i++) {
      const g = v.groups[i] as number;
      counts[g] = (counts[g] as number) + 1;
    }
    const x = doublesOf(args[0] as Column, v, 0);
    const [high, low] = [slot(2, v.n), slot(3, v.n)];
    this.terms.forEach((term, k) => {
      for (let i = 0; i < v.n; i++) {
        const [h, l] = term((x[i] as number) / this.unit);
        high[i] = h;
        low[i] = l;
      }
      const sum = this.sums[k] as DoubleDoubles;
      sum.add(v.groups, high, v.n);
      sum.add(v.groups, low, v.n);
    });
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    addCounts(this.n.data, groups, rows, state[0] as Column);
    this.sums.forEach((s, k) => {
      s.merge(groups, rows, state[1 + 2 * k] as Column, state[2 + 2 * k] as Column);
    });
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return [countColumn(this.n.data, order, n, scratch), ...this.sums.flatMap((s) => s.states(order, n, scratch))];
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    return nullableFloats(n, scratch, (i) => {
      const g = order[i] as number;
      const count = this.n.data[g] as number;
      return count === 0
        ? null
        : this.result(
            count,
            this.sums.map((s) => [s.high(g), s.low(g)] as const),
          );
    });
  }

  clear(): void {
    this.n.length = 0;
    for (const s of this.sums) s.clear();
  }

  free(): void {
    this.n.free();
    for (const s of this.sums) s.free();
  }
}

const exactly = (x: number): DD => [x, 0];
const square = (x: number): DD => ddMultiply([x, 0], [x, 0]);
const POWERS: readonly ((x: number) => DD)[] = [
  exactly,
  square,
  (x) => ddMultiply(square(x), [x, 0]),
  (x) => ddMultiply(square(x), square(x)),
];

const scaled = (a: DD, by: number): DD => ddMultiply(a, [by, 0]);
const sumOf = (...terms: readonly DD[]): DD => terms.reduce((a, b) => ddAdd(a, b));

function shapeOf(n: number, [s1, s2, s3, s4]: readonly DD[], formula: Formula): number | null {
  const [a, b, c, d] = [s1, s2, s3, s4 ?? [0, 0]].map((s) => ddDivide(s as DD, n)) as [DD, DD, DD, DD];
  const a2 = ddMultiply(a, a);
  const m2 = ddAdd(b, ddNegate(a2));
  const m3 = sumOf(c, scaled(ddMultiply(a, b), -3), scaled(ddMultiply(a2, a), 2));
  const m4 = sumOf(d, scaled(ddMultiply(a, c), -4), scaled(ddMultiply(a2, b), 6), scaled(ddMultiply(a2, a2), -3));
  return formula({ n, m2: m2[0], m3: m3[0], m4: m4[0] });
}

const skewness: Formula = ({ n, m2, m3 }) => {
  if (n < 3) return null;
  return m2 <= 0 ? null : (Math.sqrt(n * (n - 1)) / (n - 2)) * (m3 / m2 ** 1.5);
};

const kurtosisPop: Formula = ({ n, m2, m4 }) => (n < 2 || m2 <= 0 ? null : m4 / (m2 * m2) - 3);

const kurtosis: Formula = (s) => {
  const { n } = s;
  const g = kurtosisPop(s);
  return n < 4 || g === null ? null : ((n - 1) / ((n - 2) * (n - 3))) * ((n + 1) * g + 6);
};

function over(
  [type, ...more]: readonly DataType[],
  terms: readonly ((x: number) => DD)[],
  result: (n: number, sums: readonly DD[]) => number | null,
): ResolvedAggregate | null {
  if (type === undefined || more.length > 0 || !(isNumeric(type) || type.kind === 'null')) return null;
  const state: Field[] = [field('s0', T.int, false)];
  for (let k = 1; k <= 2 * terms.length; k++) state.push(field(`s${k}`, T.float, false));
  return { type: T.float, nullable: true, state, create: (store) => new TermSums(store, type, terms, result) };
}

const one = 'x: int | float | decimal';

const shape = (name: string, doc: string, powers: number, formula: Formula): AggregateDef => ({
  name,
  doc,
  signature: `${name}(${one}) -> float?`,
  example: `summarize shape = ${name}(delay) by origin`,
  resolve: (args) => over(args, POWERS.slice(0, powers), (n, sums) => shapeOf(n, sums, formula)),
});

export const SHAPES: readonly AggregateDef[] = [
  shape(
    'skewness',
    'The sample skewness: 0 of a symmetric distribution, above it with a longer tail to the right; null with fewer than three values, or equal ones.',
    3,
    skewness,
  ),
  shape(
    'kurtosis',
    'The sample excess kurtosis: 0 of a normal distribution, above it with heavier tails; null with fewer than four values, or equal ones.',
    4,
    kurtosis,
  ),
  shape(
    'kurtosis_pop',
    'The population excess kurtosis; null with fewer than two values, or equal ones.',
    4,
    kurtosisPop,
  ),
  {
    name: 'geometric_mean',
    aliases: ['geomean'],
    doc: 'The n-th root of the product of the n values, by their logarithms; null when there are none, 0 when one is 0, nan when one is negative.',
    signature: `geometric_mean(${one}) -> float?`,
    example: 'summarize growth = geometric_mean(1 + rate) by fund',
    resolve: (args) => over(args, [(x) => exactly(Math.log(x))], (n, [sum]) => Math.exp((sum as DD)[0] / n)),
  },
  {
    name: 'harmonic_mean',
    doc: 'The number of values over the sum of their reciprocals: the mean of speeds over equal ways; null when there are none.',
    signature: `harmonic_mean(${one}) -> float?`,
    example: 'summarize speed = harmonic_mean(speed) by route',
    resolve: (args) => over(args, [(x) => exactly(1 / x)], (n, [sum]) => n / (sum as DD)[0]),
  },
  {
    name: 'sem',
    doc: 'The standard error of the mean: the sample standard deviation over the square root of the number of values; null with fewer than two.',
    signature: `sem(${one}) -> float?`,
    example: 'summarize error = sem(delay) by origin',
    resolve: (args) =>
      over(args, POWERS.slice(0, 3), (n, sums) =>
        shapeOf(n, sums, ({ m2 }) => (n < 2 ? null : Math.sqrt(Math.max(0, m2) / (n - 1)))),
      ),
  },
];
