import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunError } from '../../engine/errors.ts';
import { csvReader } from '../../engine/formats/csv.ts';
import type { CsvTuning } from '../../engine/formats/csv_read.ts';
import { useKernels } from '../../engine/kernels/load.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import type { TaskContext } from '../../engine/operators/def.ts';
import { createStore } from '../../engine/store/store.ts';
import { field, type Schema, T } from '../../engine/types.ts';
import { fileWith, type ReadOptions, type ReadResult, readAll, TestContext } from './support.ts';

const store = createStore({ limit: 256 << 20, threads: 1 });

/** Memory of an arena, as a worker's: kernels work there. */
class ArenaContext extends TestContext {
  override readonly context: TaskContext;

  constructor() {
    super();
    this.context = {
      ...new TestContext().context,
      scratch: arenaScratch(store),
      store,
      reject: (rows) => {
        this.rejected += rows;
      },
    };
  }
}

interface Outcome {
  readonly result: Omit<ReadResult, 'schema'> | null;
  readonly error: Pick<RunError, 'code' | 'message' | 'where' | 'hint'> | null;
}

async function outcome(path: string, how: ReadOptions, kernels: boolean, tuning?: CsvTuning): Promise<Outcome> {
  const context = new ArenaContext();
  useKernels(kernels);
  try {
    const { rows, batches, splits, rejected, phys } = await readAll(csvReader(',', tuning), path, { ...how, context });
    return { result: { rows, batches, splits, rejected, phys }, error: null };
  } catch (e) {
    const { code, message, where, hint } = e as RunError;
    if (code === undefined) throw e;
    return { result: null, error: { code, message, where, hint } };
  } finally {
    useKernels(true);
    context.context.scratch.release();
  }
}

async function same(text: string | Uint8Array, how: ReadOptions, tuning?: CsvTuning): Promise<Outcome> {
  const path = fileWith(text);
  const reference = await outcome(path, how, false, tuning);
  assert.equal(await outcome(path, how, true, tuning), reference);
  return reference;
}

const schema: Schema = [
  field('i', T.int),
  field('f', T.float),
  field('m', T.decimal(12, 3)),
  field('d', T.date),
  field('t', T.timestamp),
  field('b', T.bool),
  field('s', T.string),
];

const digitsText = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 21 });
const sign = fc.constantFrom('', '', '-', '+');
const numberText = fc.oneof(
  fc.integer({ min: -200, max: 200 }).map(String),
  fc.tuple(sign, digitsText).map((p) => p.join('')),
  fc.tuple(sign, digitsText, fc.constantFrom('.', '.', ',', 'e', 'E-'), digitsText).map((p) => p.join('')),
  fc.constantFrom('0', '-0', '00', '.', '-', '.5', '5.', '-.5', '1.000', '2147483647', '-2147483648', '2147483648'),
  fc.constantFrom(
    '9007199254740991',
    '9007199254740992',
    '9007199254740993',
    '999999999999999999',
    '1e5',
    'nan',
    'inf',
  ),
  fc.constantFrom('9223372036854775807', '-9223372036854775808', '0.1', '123456789.123', '1:2', '1/2', '1 ', ' 1'),
);
const two = (max: number) => fc.integer({ min: 0, max }).map((v) => String(v).padStart(2, '0'));
const dateText = fc
  .tuple(
    fc.oneof(
      fc.integer({ min: 1890, max: 2110 }),
      fc.integer({ min: 0, max: 9999 }),
      fc.constantFrom(0, 4, 1900, 2000, 2256),
    ),
    two(13),
    fc.oneof(two(32), fc.constantFrom('28', '29', '30', '31')),
  )
  .map(([y, m, d]) => `${String(y).padStart(4, '0')}-${m}-${d}`);
const clockText = fc
  .tuple(
    two(25),
    two(61),
    fc.oneof(
      two(60).map((s) => `:${s}`),
      fc.constant(''),
    ),
    fc.oneof(
      fc.constantFrom('', '', '.', ',5', '.000001', '.1234567'),
      fc.integer({ min: 0, max: 99999999 }).map((f) => `.${f}`),
    ),
    fc.constantFrom('', '', 'Z', 'z', ' Z', '+02:00', '-0130', 'x', 'ZZ'),
  )
  .map(([h, m, s, f, z]) => `${h}:${m}${s}${f}${z}`);
const timeText = fc.oneof(
  dateText,
  fc.tuple(dateText, fc.constantFrom('T', ' ', 't', '_'), clockText).map((p) => p.join('')),
);
const boolText = fc.constantFrom(
  'true',
  'FALSE',
  'True',
  't',
  'F',
  '1',
  '0',
  'y',
  'no',
  'on',
  'off',
  'yes',
  '2',
  'tru',
);
const plainText = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀', ' ', '\0', 'x', ';', "'"), maxLength: 40 }),
  fc.constantFrom('', 'k1', 'k2', 'k3', 'NA', 'a text of more than sixteen bytes', 'x'.repeat(300)),
);

/** A cell as it is written: mostly well, sometimes not. */
const written = (text: fc.Arbitrary<string>, rare: number) =>
  fc.tuple(text, fc.integer({ min: 0, max: 99 }), plainText).map(([value, dice, other]) => {
    if (dice < rare) return other;
    if (dice < 10) return '';
    if (dice < 12) return '""';
    if (dice < 25 || value.includes(',')) return `"${value.replaceAll('"', '""')}"`;
    return value;
  });

const quotable = fc.oneof(
  plainText,
  fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', 'é', '"'), maxLength: 30 }).map((s) => s),
);

const record = (rare: number) =>
  fc
    .tuple(
      written(numberText, rare),
      written(numberText, rare),
      written(numberText, rare),
      written(dateText, rare),
      written(timeText, rare),
      written(boolText, rare),
      quotable.map((s) => (/[",\r\n]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s)),
    )
    .map((cells) => cells.join(','));

const lineEnds = fc.oneof(
  { weight: 6, arbitrary: fc.constant(['\n']) },
  { weight: 3, arbitrary: fc.constant(['\r\n']) },
  { weight: 2, arbitrary: fc.constant(['\n', '\r\n', '\n\n', '\r\n\r\n', ',\n']) },
  { weight: 1, arbitrary: fc.constant(['\r']) },
);

const smallTuning = fc.oneof(
  fc.constant(undefined),
  fc.record({
    splitBytes: fc.integer({ min: 50, max: 5000 }),
    windowBytes: fc.integer({ min: 32, max: 3000 }),
    indexFields: fc.integer({ min: 8, max: 400 }),
  }),
);

test('typed columns: kernels and the paths without them agree on values, nulls, types of memory, rejected rows and errors', async () => {
  let good = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(record(2), { minLength: 1, maxLength: 120 }),
      lineEnds,
      fc.array(fc.nat(), { minLength: 1, maxLength: 8 }),
      fc.constantFrom('error', 'null', 'null', 'null', 'reject'),
      fc.constantFrom<readonly string[] | undefined>(undefined, undefined, ['NA'], ['', 'NA'], ['0'], []),
      fc.boolean(),
      smallTuning,
      async (records, ends, picks, on_error, nulls, strict, tuning) => {
        const text = records.map((r, i) => r + ends[picks[i % picks.length]! % ends.length]!).join('');
        const end = ends.length === 1 ? ends[0] : '\n';
        const columns = strict && on_error === 'error' ? schema.map((f) => ({ ...f, nullable: false })) : schema;
        const options = { on_error, ...(nulls === undefined ? {} : { nulls }) };
        const { result } = await same(`i,f,m,d,t,b,s${end}${text}`, { schema: columns, options }, tuning);
        if (result !== null && result.rows.length > 0) good++;
      },
    ),
    { numRuns: 250 },
  );
  assert.ok(good > 50);
});
test.after(() => store.close());
test.run();
