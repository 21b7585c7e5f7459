// Lines of JSON read by kernels give the rows, the rejections and the errors that they give without.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunError } from '../../engine/errors.ts';
import { JsonKernels } from '../../engine/formats/json_kernels.ts';
import type { JsonTuning } from '../../engine/formats/json_read.ts';
import { valueIndex } from '../../engine/formats/json_records.ts';
import { jsonReader } from '../../engine/formats/ndjson.ts';
import { kernelsFor, useKernels } from '../../engine/kernels/load.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import type { TaskContext } from '../../engine/operators/def.ts';
import { createStore } from '../../engine/store/store.ts';
import { field, type Schema, T } from '../../engine/types.ts';
import { fileWith, type ReadOptions, readAll, TestContext } from './support.ts';

const store = createStore({ limit: 256 << 20, threads: 1 });

/** Memory of an arena, as a worker's: kernels work there. */
class ArenaContext extends TestContext {
  override readonly context: TaskContext;

  constructor() {
    super();
    const base = new TestContext().context;
    const reject = (rows: number): void => {
      this.rejected += rows;
    };
    this.context = { ...base, scratch: arenaScratch(store), store, reject };
  }
}

async function outcome(path: string, how: ReadOptions, kernels: boolean, tuning?: JsonTuning): Promise<unknown> {
  const context = new ArenaContext();
  useKernels(kernels);
  try {
    const { rows, rejected } = await readAll(jsonReader(tuning), path, { ...how, context });
    return { rows, rejected };
  } catch (e) {
    const { code, message, where, hint } = e as RunError;
    if (code === undefined) throw e;
    return { code, message, where, hint };
  } finally {
    useKernels(true);
    context.context.scratch.release();
  }
}

async function same(text: string | Uint8Array, how: ReadOptions, tuning?: JsonTuning): Promise<unknown> {
  const path = fileWith(text, '.ndjson');
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
  field('c', T.time),
  field('b', T.bool),
  field('s', T.string),
  field('käse', T.string),
];

const NUMBERS = [
  '0',
  '-0',
  '7',
  '-12',
  '123456789',
  '2147483648',
  '9007199254740993',
  '9223372036854775807',
  '1e3',
  '3.0',
];
const FLOATS = ['0.5', '-1.25', '1E-7', '123.456', '0.1', '9.999999999999999e22', '12345678.90123', '-0.0'];
const TEXTS = [
  '""',
  '"a"',
  '"héllo"',
  '"日本😀"',
  '"x\\"y"',
  '"\\\\\\/\\b\\f\\n\\r\\t\\""',
  '"\\ud800\\u0041 \\udc00\\uD83D\\uDE00\\ud83d"',
  '"fifteen bytes..\\\\sixteen"',
  '"\\u00e9\\n"',
  '"\\ud83d\\ude00"',
  `"${'long '.repeat(20)}"`,
  '"}{,:"',
];
const DATES = ['"2024-02-29"', '"1969-12-31"', '"2024-13-01"', '""', '"x"'];
const STAMPS = [
  '"2024-02-29T12:34:56Z"',
  '"2024-02-29 01:02:03.456789"',
  '"2024-02-29T12:34:56+02:00"',
  '"2024-02-29"',
];
const TIMES = ['"12:34:56"', '"00:00"', '"23:59:59.999"'];
const ODD = [
  '[1,2]',
  '{"a":1}',
  '01',
  '1.',
  '.5',
  '+1',
  'tru',
  'nul',
  '"open',
  '"\\x"',
  '"\\u12g4"',
  '"\u0001"',
  '',
  'NaN',
];

const pick = (...lists: readonly (readonly string[])[]) => fc.constantFrom(...lists.flat());
const USUAL: Readonly<Record<string, fc.Arbitrary<string>>> = {
  i: pick(NUMBERS.slice(0, 8)),
  f: pick(NUMBERS, FLOATS),
  m: pick(['1', '2.5', '-3.125', '"4.250"', '123456.789']),
  d: pick(DATES.slice(0, 2)),
  t: pick(STAMPS),
  c: pick(TIMES),
  b: pick(['true', 'false']),
  s: pick(TEXTS, ['12', 'true', '1.50']),
  käse: pick(TEXTS.slice(0, 4)),
  extra: pick(NUMBERS, TEXTS, ['null', 'true']),
};
const ANY = pick(NUMBERS, FLOATS, TEXTS, DATES, STAMPS, TIMES, ODD, ['true', 'false', 'null']);

/** One line; `strange`: of a hundred values, how many may be anything. */
function line(strange: number): fc.Arbitrary<string> {
  const names = fc.oneof(
    { weight: 4, arbitrary: fc.constant(Object.keys(USUAL)) },
    fc.shuffledSubarray(Object.keys(USUAL)),
    fc.array(fc.constantFrom(...Object.keys(USUAL)), { maxLength: 4 }),
  );
  const blank = fc.constantFrom('', '', '', ' ', '\t ');
  return names.chain((keys) =>
    fc
      .tuple(
        blank,
        fc.constantFrom('', '', '\r', ' '),
        ...keys.map((k) =>
          fc.oneof(
            { weight: 90 - strange, arbitrary: USUAL[k] as fc.Arbitrary<string> },
            { weight: 10, arbitrary: fc.constant('null') },
            { weight: strange, arbitrary: ANY },
          ),
        ),
      )
      .map(
        ([b, end, ...values]) =>
          `${b}{${b}${keys.map((k, i) => `${JSON.stringify(k)}${b}:${b}${values[i]}${b}`).join(`,${b}`)}}${end}`,
      ),
  );
}

function lines(strange: number): fc.Arbitrary<string> {
  const odd = fc.constantFrom('', '  ', '[]', '17', '{', '{}x', '{"i" 1}', '{"i":1,}', '\u0002', '{"\\u0069":5}');
  const one =
    strange === 0 ? line(0) : fc.oneof({ weight: 30, arbitrary: line(strange) }, { weight: 1, arbitrary: odd });
  return fc
    .tuple(fc.array(one, { maxLength: 60 }), fc.boolean())
    .map(([all, last]) => `${all.join('\n')}${last ? '\n' : ''}`);
}

const tunings = fc.constantFrom<JsonTuning | undefined>(
  undefined,
  { splitBytes: 300, windowBytes: 500, rows: 1000 },
  { splitBytes: 97, windowBytes: 2000, rows: 7 },
);
const modes = fc.constantFrom('error', 'reject', 'null');
const columns = fc.option(
  fc.subarray(
    schema.map((f) => f.name),
    { minLength: 1 },
  ),
  { nil: undefined },
);

test('rows of usual values, and of every other', async () => {
  for (const strange of [0, 1, 10]) {
    await fc.assert(
      fc.asyncProperty(
        lines(strange),
        tunings,
        modes,
        columns,
        fc.option(fc.nat(30), { nil: undefined }),
        async (text, tuning, mode, picked, limit) => {
          const how = {
            schema,
            options: { on_error: mode },
            ...(picked ? { columns: picked } : {}),
            ...(limit === undefined ? {} : { limit }),
          };
          await same(text, how, tuning);
        },
      ),
      { numRuns: 60 },
    );
  }
});

/** Pieces of the inside of a text, with lengths that put what follows anywhere in a vector. */
const pieces = fc.array(
  fc.oneof(
    fc.constantFrom(
      '\\\\',
      '\\"',
      '\\/',
      '\\n',
      '\\u0041',
      '\\u20ac',
      '\\ud83d\\ude00',
      '\\ud83d',
      '\\udc00x',
      'é',
      '日',
    ),
    fc.integer({ min: 0, max: 40 }).map((n) => 'abcdefghij'.repeat(5).slice(0, n)),
  ),
  { maxLength: 6 },
);
const numbers = fc.oneof(
  fc.constantFrom(
    ...NUMBERS,
    ...FLOATS,
    '0.',
    '00',
    '-',
    '1e',
    '1.e5',
    '123456789012345',
    '1234567890123456',
    '1.2345678901234',
    '-1.23456789012345',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);

/** Lines of one shape, whose names and blanks have the given lengths, one of them changed in one byte. */
const alike = fc
  .tuple(
    fc.array(fc.tuple(fc.integer({ min: 1, max: 70 }), fc.constantFrom('', '', ' ', ' '.repeat(50))), {
      minLength: 1,
      maxLength: 6,
    }),
    fc.array(fc.tuple(pieces, numbers, fc.constantFrom('true', 'false', 'null', '1')), { minLength: 2, maxLength: 40 }),
    fc.boolean(),
    fc.option(fc.tuple(fc.nat(), fc.constantFrom('x', '"', '}', ',', ' ', '\\', '\n', '0')), { nil: undefined }),
  )
  .map(([names, rows, first, change]) => {
    const others = names.map(([n, blank], i) => `${blank}"${'n'.repeat(n)}${i}":${blank}`);
    const lines = rows.map(([text, number, word]) => {
      const known = [`"s":"${text.join('')}"`, `"f": ${number}`, `"b":${word}`];
      const more = others.map((gap, i) => `${gap}${i % 2 === 0 ? number : `"${text.join('')}"`}`);
      return `{${(first ? [...known, ...more] : [...more, ...known]).join(',')}}`;
    });
    const all = `${lines.join('\n')}\n`;
    if (change === undefined) return all;
    const at = change[0] % all.length;
    return all.slice(0, at) + change[1] + all.slice(at + 1);
  });

test('lines that have the members of the one before', async () => {
  await fc.assert(
    fc.asyncProperty(alike, tunings, modes, async (text, tuning, mode) => {
      const some: Schema = [field('b', T.bool), field('f', T.float), field('s', T.string)];
      await same(text, { schema: some, options: { on_error: mode } }, tuning);
    }),
    { numRuns: 150 },
  );
});

test('a line of more members than are remembered', async () => {
  const members = Array.from({ length: 300 }, (_, i) => `"m${i}":${i}`).join(',');
  await same(`{${members},"s":"a"}\n`.repeat(50), { schema: [field('m7', T.int), field('s', T.string)] });
});

test('columns without nulls; bytes that are no UTF-8', async () => {
  const strict: Schema = [field('i', T.int, false), field('s', T.string, false)];
  await same('{"i":1,"s":"a"}\n{"i":2,"s":"b"}\n', { schema: strict });
  await same('{"i":1,"s":"a"}\n{"s":"b"}\n', { schema: strict });
  await same('{"i":1,"s":null}\n', { schema: strict, options: { on_error: 'reject' } });
  for (const mode of ['error', 'reject']) {
    const bytes = Buffer.from('{"i":1,"s":"a"}\n{"i":2,"s":"\xff"}\n{"i":3,"s":"c"}\n', 'latin1');
    await same(bytes, { schema: strict, options: { on_error: mode } });
  }
});

test('usual lines are found by the kernel, up to the first that is not', () => {
  const scratch = arenaScratch(store);
  const kernels = JsonKernels.over(store, schema);
  assert.ok(kernels !== null);
  const text = '{"i":1,"s":"a"}\n\n {"s":"b\\n","i":-2}\r\n{"x":[1]}\n{"i":3}\n';
  const u8 = scratch.u8(text.length + 64);
  u8.set(Buffer.from(text));
  const index = valueIndex(scratch.u8(800));
  assert.ok(kernels.find(u8, 0, text.length, text.length, true, 100, index));
  assert.is(index.rows, 2);
  assert.is(index.stopped, 'full');
  assert.is(index.next, text.indexOf('{"x"'));
  assert.not.ok(kernels.find(u8, index.next, text.length, text.length, true, 100, index), 'it waits');
  kernels.patience = 0;
  assert.ok(kernels.find(u8, text.lastIndexOf('{'), text.length, text.length, true, 100, index));
  assert.is(index.rows, 1);
  assert.is(index.stopped, 'end');
  kernels.free();
  scratch.release();
});

test('a line that is not there whole is told from one that is not usual', () => {
  const scratch = arenaScratch(store);
  const some: Schema = [field('b', T.bool), field('f', T.float), field('s', T.string)];
  const kernels = JsonKernels.over(store, some);
  assert.ok(kernels !== null);
  const line = '{"b":false,"f":125,"s":"abc","x":null, "b2" : true}\n';
  for (const before of [0, 1, 3]) {
    const text = line.repeat(before + 1);
    for (let length = before * line.length; length <= text.length; length++) {
      const u8 = scratch.u8(text.length + 128).fill(0);
      // What lies behind the text is what comes next in the file, or nothing that makes sense.
      u8.set(Buffer.from(text));
      for (const behind of [null, 120]) {
        if (behind !== null) u8.fill(behind, length);
        const index = valueIndex(scratch.u8(800));
        kernels.patience = 0;
        const why = `${length - before * line.length} bytes of a line behind ${before}`;
        assert.ok(kernels.find(u8, 0, length, length, false, 100, index), why);
        const rows = before + (length === text.length ? 1 : 0);
        assert.equal([index.rows, index.next], [rows, rows * line.length], why);
        assert.is(index.stopped, length === rows * line.length ? 'end' : 'incomplete', why);
      }
      scratch.reset();
    }
  }
  kernels.free();
});

test('what a line is remembered by, and from which lengths on it is not', () => {
  const scratch = arenaScratch(store);
  const name = Buffer.from('"i"');
  // Words of the job, one column, its name, the places of its value, the bounds of lines, then what is remembered.
  const [NAMES, NAME, PLACES, BOUNDS, SHAPE] = [16, 20, 32, 48, 64];
  const words = scratch.u32(SHAPE + 4 + 4 * 256);
  const at = (word: number): number => words.byteOffset + 4 * word;
  const remembered = (text: string): number => {
    const u8 = scratch.u8(text.length + 128).fill(0);
    u8.set(Buffer.from(text));
    words.fill(0);
    words.set([u8.byteOffset, 0, text.length, text.length, 1, at(BOUNDS), 8, at(PLACES), 1, at(NAMES)]);
    words[15] = at(SHAPE);
    words.set([at(NAME), name.length, 1, 0], NAMES);
    new Uint8Array(words.buffer, at(NAME), name.length).set(name);
    const kernels = kernelsFor(words, u8);
    assert.ok(kernels !== null);
    kernels.json_rows(words.byteOffset);
    assert.is(words[10], text.split('\n').length - 1, 'all lines are read');
    return words[SHAPE] as number;
  };
  assert.is(remembered('{"i":1}\n{"i":2}\n'), 1);
  assert.is(remembered('{"i":1,"x":2}\n'), 2);
  assert.is(remembered('{}\n'), 0);
  for (let blanks = 50; blanks < 70; blanks++) {
    const gap = ' '.repeat(blanks);
    assert.is(remembered(`{${gap}"i":1}\n`), blanks + 5 <= 64 ? 1 : 0, `${blanks} blanks before a member`);
    assert.is(remembered(`{"i":1${gap}}\n`), blanks + 2 <= 64 ? 1 : 0, `${blanks} blanks at the end`);
  }
  scratch.release();
});

test.run();
