// Model files for other programs, against the runtime that most of them use.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type RunError, runText } from '../../index.ts';
import { tempDir } from '../e2e/harness.ts';

/** As much of the runtime as is used here; it need not be installed. */
interface Tensor {
  readonly data: Iterable<unknown> & { readonly length: number };
}
interface Ort {
  readonly env: { readonly wasm: { numThreads?: number } };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => Tensor;
  readonly InferenceSession: {
    create(
      model: Uint8Array,
    ): Promise<{ run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> }>;
  };
}
const RUNTIME: string = 'onnxruntime-web';

const dir = tempDir();
const quoted = (name: string): string => JSON.stringify(path.join(dir, name));

const rows = Array.from({ length: 600 }, (_, i) => {
  const a = ((i * 7919) % 1000) / 100 - 5;
  const b = ((i * 104729) % 777) / 77;
  const colour = ['red', 'green', 'blue', 'Zoë "q"'][(i * 31) % 4] as string;
  const size = (i * 17) % 3;
  const target = 3 * a - b + (colour === 'red' ? 5 : 0) + size;
  return {
    id: i,
    a: i % 11 === 0 ? null : a,
    b,
    flag: i % 2 === 0,
    day: `2024-01-${String(1 + (i % 28)).padStart(2, '0')}`,
    colour: i % 13 === 0 ? null : colour,
    size,
    target,
    high: target > 4,
    band: target > 8 ? 'top' : target > 0 ? 'mid' : 'low',
    stars: target > 8 ? 5 : target > 0 ? 3 : 1,
  };
});
fs.writeFileSync(path.join(dir, 'd.ndjson'), rows.map((r) => JSON.stringify(r)).join('\n'));

const FEATURES = 'a, b, flag, day, colour, onehot(size), sum = a + b';

async function load(): Promise<Ort | null> {
  try {
    return (await import(RUNTIME)) as Ort;
  } catch {
    console.log('# skip: onnxruntime-web is not installed');
    return null;
  }
}

const ort = await load();

/** The inputs as the model's documentation says: one column a feature. */
function feeds({ Tensor }: Ort) {
  const column = (values: (number | null)[]) =>
    new Tensor(
      'float64',
      Float64Array.from(values, (v) => v ?? Number.NaN),
      [values.length, 1],
    );
  const day = (text: string): number => Date.parse(`${text}T00:00:00Z`) / 86_400_000;
  return {
    a: column(rows.map((r) => r.a)),
    b: column(rows.map((r) => r.b)),
    flag: column(rows.map((r) => Number(r.flag))),
    day: column(rows.map((r) => day(r.day))),
    colour: new Tensor(
      'string',
      rows.map((r) => r.colour ?? ''),
      [rows.length, 1],
    ),
    size: new Tensor(
      'int64',
      BigInt64Array.from(rows, (r) => BigInt(r.size)),
      [rows.length, 1],
    ),
    sum: column(rows.map((r) => (r.a === null ? null : r.a + r.b))),
  };
}

const CASES: readonly (readonly [label: string, algorithm: string])[] = [
  ['target', 'linear()'],
  ['target', 'gbt(trees: 30, depth: 4)'],
  ['high', 'logistic()'],
  ['high', 'gbt(trees: 20, depth: 3)'],
  ['band', 'logistic()'],
  ['band', 'gbt(trees: 15, depth: 3)'],
  ['stars', 'gbt(trees: 10, depth: 3, task: "classification")'],
];

for (const [label, algorithm] of CASES) {
  test(`${algorithm} label ${label}: the same predictions elsewhere`, async () => {
    if (ort === null) return;
    const file = `${label}-${algorithm.split('(')[0]}.onnx`;
    const { results } = await runText(
      `let d = from ndjson(${quoted('d.ndjson')}) as { id: int, a: float?, b: float, flag: bool, day: date, colour: string?, size: int, target: float, high: bool, band: string, stars: int }
       let m = from d | train ${algorithm} label ${label} features ${FEATURES} seed 3
       from m | write model(${quoted(file)})
       from d | predict m as p | sort id | select ${label === 'target' ? 'p' : 'p, p_prob'}`,
    );
    ort.env.wasm.numThreads = 1;
    const session = await ort.InferenceSession.create(fs.readFileSync(path.join(dir, file)));
    const found = await session.run(feeds(ort));
    const ours = results[0]?.rows ?? [];
    assert.is(ours.length, rows.length);
    if (label === 'target') {
      const theirs = found.prediction?.data as Float64Array;
      for (const [i, r] of ours.entries())
        assert.ok(Math.abs((r.p as number) - (theirs[i] as number)) < 1e-4, `${r.p} and ${theirs[i]}`);
      return;
    }
    const labels = Array.from(found.label?.data as Iterable<unknown>, (v) =>
      typeof v === 'bigint' ? Number(v) : typeof ours[0]?.p === 'boolean' ? v === 1 || v === true : v,
    );
    const probabilities = found.probabilities?.data as Float64Array;
    const classes = probabilities.length / rows.length;
    ours.forEach((r, i) => {
      assert.is(labels[i], r.p);
      const all = Array.from({ length: classes }, (_, c) => probabilities[i * classes + c] as number);
      const shown = label === 'high' ? (all[1] as number) : Math.max(...all);
      assert.ok(Math.abs((r.p_prob as number) - shown) < 1e-5, `${r.p_prob} and ${shown}`);
    });
  });
}

test('an ONNX file is not read back, and says so', async () => {
  fs.writeFileSync(path.join(dir, 'x.onnx'), 'anything');
  const text = `from ndjson(${quoted('d.ndjson')}) | predict model(${quoted('x.onnx')}) as p`;
  await runText(text).then(
    () => assert.unreachable(),
    (e: unknown) => assert.match((e as RunError).message, /is an ONNX file, which is for other programs/),
  );
});

test.run();
