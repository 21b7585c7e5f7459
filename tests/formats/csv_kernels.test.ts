import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunError } from '../../engine/errors.ts';
import { csvReader } from '../../engine/formats/csv.ts';
import type { Dialect } from '../../engine/formats/csv_dialect.ts';
import { type RecordShape, recordIndex } from '../../engine/formats/csv_index.ts';
import { INDEX_KERNEL_BYTES, IndexKernel } from '../../engine/formats/csv_kernels.ts';
import { type QuoteState, quotesAfter } from '../../engine/formats/csv_quotes.ts';
import type { CsvTuning } from '../../engine/formats/csv_read.ts';
import { kernelsFor, useKernels } from '../../engine/kernels/load.ts';
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
const piece = fc.constantFrom(
  'a',
  'bc',
  ',',
  ',',
  '"',
  '"',
  '\n',
  '\n',
  '\r\n',
  '\r',
  ' ',
  'é',
  '\0',
  '\\',
  '#',
  "'",
  ';',
  'k1',
  'k2',
  '',
);
const soup = fc.array(piece, { maxLength: 60 }).map((p) => p.join(''));
const usual = fc.constantFrom(
  'x,y,z\n',
  '1,2,3\r\n',
  '"x","y","z"\n',
  '"a,b",c,"d""e"\n',
  ',,\n',
  '"","\n","\r\n"\n',
  'x,y,z,\n',
);

const dialect = fc.record(
  {
    delimiter: fc.constantFrom(',', ',', ';', ' '),
    quote: fc.constantFrom('"', '"', "'", ''),
    escape: fc.constantFrom('"', '"', '\\'),
    comment: fc.constantFrom('', '#', 'x'),
    trim: fc.boolean(),
    on_error: fc.constantFrom('error', 'reject', 'null'),
    nulls: fc.constantFrom(['k1'], ['', 'k1'], ['a', 'k2', 'a,b', 'd"e'], ['', 'eight888'], ['more than eight'], []),
    encoding: fc.constantFrom('utf8', 'latin1'),
    trailing_delimiter: fc.boolean(),
    skip: fc.constantFrom(0, 2),
  },
  { requiredKeys: ['on_error'] },
);

const texts: Schema = ['p', 'q', 'r'].map((name) => field(name, T.string));

test('any text at all in any dialect: the same records, the same errors', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          soup,
          fc.tuple(usual, fc.integer({ min: 1, max: 400 })).map(([l, n]) => l.repeat(n)),
        ),
        {
          maxLength: 8,
        },
      ),
      dialect,
      fc.boolean(),
      smallTuning,
      async (parts, options, mark, tuning) => {
        const d = options.delimiter ?? ',';
        const text = `${mark ? '\ufeff' : ''}p${d}q${d}r\n${parts.join('').replaceAll(',', d)}`;
        await same(text, { schema: texts, options }, tuning);
      },
    ),
    { numRuns: 300 },
  );
});

test('bytes that are no UTF-8 are told, replaced or rejected alike', async () => {
  const lines = Array.from({ length: 500 }, (_, i) => `${i},caf\xe9 ${i},"\xff""${i}"\n`);
  for (const on_error of ['error', 'reject', 'null']) {
    const bytes = Buffer.from(`p,q,r\n1,2,3\n${lines.join('')}`, 'latin1');
    await same(bytes, { schema: texts, options: { on_error } });
  }
});

test('quotes, line ends and fields at every place of a block and of a chunk', async () => {
  for (let shift = 0; shift < 64; shift++) {
    const lines = [`${'s'.repeat(shift)},1,2`, '"a""b",",","\r\n"', '"",,', 'é,"x"", y",\u0000'];
    const text = `p,q,r\n${lines.join('\r\n')}\r\n${`${lines.join('\n')}\n`.repeat(300)}`;
    const { result } = await same(text, { schema: texts });
    assert.is(result?.rows.length, 4 + 1200);
  }
});

test('wide tables, long fields, more fields than a pass has room for', async () => {
  for (const width of [1, 2, 3, 4, 5, 8, 9, 100, 9000, 16384]) {
    const columns = Array.from({ length: width }, (_, i) => field(`c${i}`, i % 3 === 0 ? T.string : T.int));
    const line = `${columns.map((f, i) => (f.type.kind === 'int' ? i * 7919 : `"t""${i}"`)).join(',')}\n`;
    const names = columns.map((f) => f.name).join(',');
    const lines = Math.ceil(40000 / line.length) + 3;
    const wanted = columns.filter((_, i) => i % 37 === 0 || i === width - 1);
    const { result } = await same(`${names}\n${line.repeat(lines)}`, { schema: wanted });
    assert.is(result?.rows.length, lines);
  }
  const long = 'x'.repeat(70000);
  const text = `p,q,r\n1,2,3\n"${long}","${'""'.repeat(20000)}",${long}\n4,5,6\n`;
  await same(text, { schema: texts });
  await same(text, { schema: texts }, { splitBytes: 5000, windowBytes: 1000, indexFields: 8 });
});

test('dictionaries: as many texts as may be and one more, nulls and runs', async () => {
  for (const rows of [7, 8, 9, 255, 256, 257, 600, 20000]) {
    for (const count of [1, 2, Math.ceil(rows / 4) - 1, Math.ceil(rows / 4), 4096, 4097]) {
      const value = (i: number) => (i % 11 === 5 ? '' : `v${Math.min(i, (i * 7) % Math.max(count, 1))}`);
      const lines = Array.from({ length: rows }, (_, i) => `${value(i)},${'r'.repeat((i >> 6) % 20)},"q""${i % 3}"\n`);
      await same(`p,q,r\n${lines.join('')}`, { schema: texts });
    }
  }
});

test('dictionaries of texts that differ in their last byte, in quotes or not, of any length around a vector', async () => {
  const entry = fc
    .tuple(fc.integer({ min: 0, max: 40 }), fc.constantFrom('', 'x', 'y', '\0'), fc.constantFrom('', '', '"', '""'))
    .map(([n, end, quotes]) => {
      const text = 'abcdefgh'.repeat(5).slice(0, n) + end;
      return quotes === '' ? text : quotes === '"' ? `"${text}"` : `"${text}"""`;
    });
  const some = fc.array(entry, { minLength: 1, maxLength: 6 });
  const column = fc.tuple(some, fc.array(fc.nat(5), { minLength: 40, maxLength: 40 }));
  await fc.assert(
    fc.asyncProperty(column, column, fc.boolean(), dialect, async ([p, ps], [q, qs], nullable, { nulls, on_error }) => {
      const lines = ps.map((i, row) => `${p[i % p.length]},${q[qs[row]! % q.length]},z\n`);
      const schema = [field('p', T.string), field('q', T.string, nullable), field('r', T.string)];
      await same(`p,q,r\n${lines.join('')}`, { schema, options: { on_error, ...(nulls ? { nulls } : {}) } });
    }),
    { numRuns: 200 },
  );
});

test('dates and times with any byte at any place', async () => {
  for (const [text, type] of [
    ['1999-12-31', T.date],
    ['1999-12-31 19:59:59.999999', T.timestamp],
    ['1999-12-31T19:59:59+09:59', T.timestamp],
  ] as const) {
    const lines: Buffer[] = [];
    for (let at = 0; at < text.length; at++)
      for (let byte = 0; byte < 256; byte++) {
        if ('\n\r",'.includes(String.fromCharCode(byte))) continue;
        const line = Buffer.from(`${text}\n`);
        line[at] = byte;
        lines.push(line);
      }
    const whole = Buffer.concat([Buffer.from('t\n'), ...lines]);
    const { result } = await same(whole, { schema: [field('t', type)], options: { on_error: 'null' } });
    const read = (result?.rows ?? []).filter((r) => r.t !== null).length;
    assert.ok(read > text.length && read < lines.length / 2, `${read} of ${lines.length} are read`);
  }
});

test('floats of any digits are the same bits', async () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.integer({ min: 0, max: 22 })).map(([m, places]) => {
      const digits = String(m).padStart(places + 1, '0');
      return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
    }),
    fc.integer({ min: -99999999, max: 99999999 }).map((v) => String(v / 1000)),
    // Halfway between two doubles.
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 54n }).map((v) => String(v | 1n)),
    fc.bigInt({ min: 2n ** 52n, max: 2n ** 53n }).map((v) => `${v}.5`),
    fc.bigInt({ min: 2n ** 51n, max: 2n ** 52n }).map((v) => `${v}.25`),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(number, { minLength: 1, maxLength: 200 }), async (values) => {
      const { result } = await same(`f\n${values.join('\n')}\n`, { schema: [field('f', T.float)] });
      assert.equal(
        result?.rows.map((r) => r.f),
        values.map(Number),
      );
    }),
    { numRuns: 100 },
  );
});

const USUAL: Dialect = {
  delimiter: 44,
  quote: 34,
  escape: 34,
  header: false,
  names: null,
  nulls: [],
  emptyIsNull: true,
  skip: 0,
  comment: -1,
  onError: 'error',
  trim: false,
  latin1: false,
  point: 46,
  dateFormat: null,
  timestampFormat: null,
  trailing: null,
};

test('backslashes in quotes, and outside of them', async () => {
  const cell = fc
    .tuple(
      fc.array(fc.constantFrom('a', 'b', '\\\\', "\\'", '\\n', 'x'.repeat(15), ',', '\n'), { maxLength: 5 }),
      fc.nat(3),
    )
    .map(([pieces, bare]) => (bare === 0 ? pieces.join('').replace(/[,'\n]/g, '') : `'${pieces.join('')}'`));
  const rows = fc.array(fc.tuple(cell, cell, fc.constantFrom("''", "'z'", 'z', '')), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 60 }), fc.constantFrom("'", '"'), async (some, times, quote) => {
      const lines = some.map((cells) => `${cells.join(',').replaceAll("'", quote)}\n`);
      await same(`p,q,r\n${lines.join('').repeat(times)}`, { schema: texts, options: { quote, escape: '\\' } });
    }),
    { numRuns: 200 },
  );
  const { result } = await same(`p,q,r\n'\\a','b\\'',"c"\n`, { schema: texts, options: { quote: "'", escape: '\\' } });
  assert.equal(result?.rows, [{ p: 'a', q: "b'", r: '"c"' }]);
});

/** Text that a part of a file may have: quotes anywhere, among them at either end of a block of 64 bytes and of the part. */
const quoted = fc
  .array(
    fc.oneof(
      fc.constantFrom('"', '""', ',', '\n', '",', '\n"', ',"'),
      fc.integer({ min: 0, max: 70 }).map((n) => 'x'.repeat(n)),
    ),
    { maxLength: 24 },
  )
  .map((pieces) => pieces.join(''));

test('states behind the quotes of a part: the kernel says what is said byte by byte', () => {
  const scratch = arenaScratch(store);
  const shape: RecordShape = { dialect: USUAL, width: 2, trailing: false, newline: 10 };
  const states: readonly QuoteState[] = [0, 1, 2];
  let behindQuote = 0;
  fc.assert(
    fc.property(quoted, fc.nat(200), fc.constantFrom('', '"'), (text, cut, last) => {
      const whole = Buffer.from(`${text}${last}`);
      const lead = Math.min(cut, whole.length);
      const room = scratch.u8(whole.length + 64);
      room.fill(34);
      room.set(whole);
      const bytes = Buffer.from(room.buffer, room.byteOffset, whole.length);
      const kernels = kernelsFor(bytes);
      assert.ok(kernels !== null);
      const packed = kernels.csv_quotes(bytes.byteOffset, lead, bytes.length, 34, 44, 10, 0x020100);
      const expected = states.map((state) => quotesAfter(shape, bytes, lead, bytes.length, state));
      assert.equal([packed & 255, (packed >> 8) & 255, packed >> 16], expected);
      if (expected.includes(2)) behindQuote++;
      scratch.reset();
    }),
    { numRuns: 500 },
  );
  assert.ok(behindQuote > 50, 'parts end with quotes');
});

test('regular records are all found by the kernel, blank lines and empty last fields or not', () => {
  const scratch = arenaScratch(store);
  const line = fc.constantFrom('\n', '\r\n');
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 17 }),
      fc.boolean(),
      fc.array(fc.tuple(line, fc.nat(9), fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 60 }),
      (width, trailing, records) => {
        const rows: string[][] = [];
        let text = '';
        for (const [end, length, blank, comma] of records) {
          const row = Array.from({ length: width }, (_, f) => String(f).repeat(length));
          text += `${blank ? end : ''}${row.join(',')}${trailing && comma ? ',' : ''}${end}`;
          rows.push(row);
        }
        const bytes = scratch.u8(text.length + 64);
        bytes.fill(0);
        bytes.set(Buffer.from(text));
        const shape: RecordShape = { dialect: USUAL, width, trailing, newline: 10 };
        const index = recordIndex(width, scratch.u8(4 * (width + 1) * (rows.length + 4)));
        const kernel = new IndexKernel(scratch.u8(INDEX_KERNEL_BYTES), shape);
        assert.ok(kernel.begin(bytes, index.ends));
        kernel.run(bytes, 0, text.length, text.length, rows.length, index);
        assert.is(index.rows, rows.length);
        const { ends, stride } = index;
        const field = (at: number): string => text.slice((ends[at] as number) + 1, ends[at + 1]);
        assert.equal(
          rows.map((_, r) => Array.from({ length: width }, (__, f) => field(r * stride + f))),
          rows,
        );
        scratch.reset();
      },
    ),
    { numRuns: 200 },
  );
});

test('arenas have kernels, so that the tests above compare two things', () => {
  const block = store.allocate(64, 'test');
  assert.is.not(kernelsFor(block.view), null);
  store.free(block);
});

test.after(() => store.close());
test.run();
