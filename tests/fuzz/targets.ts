// What is fuzzed: each target makes an input from a number, and runs it. An answer or an error of ours is right, anything else is a find.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DiagnosticsError, dag, Engine, fromModule, RunError, runText } from '../../index.ts';
import { Random, spoiled, spoiledJson } from './mutate.ts';

export interface Target {
  readonly name: string;
  /** The input of a number, as it is kept when it finds something. */
  input(seed: number): Buffer;
  /** Rejects with what is a find. */
  run(input: Buffer): Promise<void>;
}

/** A kept input is read again by its target: the name stands before the first dot. */
const KEPT = new URL('./kept/', import.meta.url);

export function keptInputs(): readonly { readonly name: string; readonly target: string; readonly input: Buffer }[] {
  if (!existsSync(KEPT)) return [];
  return readdirSync(KEPT).map((name) => ({
    name,
    target: name.slice(0, name.indexOf('.')),
    input: readFileSync(new URL(name, KEPT)),
  }));
}

/** Bytes resident beyond which a run is a find: inputs are a few kilobytes. */
const MOST = 1500 * 2 ** 20;
const READERS = ['csv', 'ndjson', 'json', 'parquet', 'arrow'] as const;
const ROWS = [
  {
    i: 1,
    f: 0.5,
    s: 'a',
    b: true,
    d: '2024-01-01',
    t: '2024-01-01T12:00:00Z',
    l: [1, 2],
    o: { x: 1, y: 'z' },
    m: 12.25,
  },
  {
    i: -7,
    f: 1e300,
    s: 'x,"y"\nz',
    b: false,
    d: '1969-12-31',
    t: '1969-12-31T00:00:00.123456Z',
    l: [],
    o: { x: null, y: '' },
    m: -0.5,
  },
  { i: null, f: null, s: null, b: null, d: null, t: null, l: null, o: null, m: null },
  {
    i: 2 ** 53,
    f: -0,
    s: 'héllo 😀',
    b: true,
    d: '9999-12-31',
    t: '2038-01-19T03:14:08Z',
    l: [null],
    o: { x: 3, y: null },
    m: 1e9,
  },
];
const DECLARED =
  '{ i: int?, f: float?, s: string?, b: bool?, d: date?, t: timestamp?, l: list<int?>?, o: { x: int?, y: string? }?, m: decimal(12, 2)? }';

/** Files and an engine that all targets use. */
export class Fuzz {
  readonly dir: string;
  readonly engine: Engine;
  readonly targets: ReadonlyMap<string, Target>;

  private constructor(dir: string, engine: Engine, targets: readonly Target[]) {
    this.dir = dir;
    this.engine = engine;
    this.targets = new Map(targets.map((one) => [one.name, one]));
  }

  /** `dir`: an empty folder. */
  static async open(dir: string): Promise<Fuzz> {
    mkdirSync(dir, { recursive: true });
    const engine = new Engine({ workers: 1, memory: 64 << 20, spillDirs: [join(dir, 'spill')] });
    writeFileSync(join(dir, 'rows.ndjson'), ROWS.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const options = { engine, cwd: dir };
    for (const format of READERS) {
      await runText(
        `from ndjson("rows.ndjson") | write ${format === 'json' ? 'ndjson' : format}("seed.${format}")`,
        options,
      );
    }
    writeFileSync(join(dir, 'seed.json'), JSON.stringify(ROWS));
    await runText(
      'let m = from ndjson("rows.ndjson") | where i is not null | train gbt(trees: 2) label i features f, s\nfrom m | write model("seed.model")',
      options,
    );
    const readers = READERS.flatMap((format) => [
      readerTarget(format, dir, engine, false),
      readerTarget(format, dir, engine, true),
    ]);
    return new Fuzz(dir, engine, [...readers, modelTarget(dir, engine), dagTarget(), spillTarget(dir)]);
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}

/** Runs a flow; rejects with anything but an answer or an error of ours. */
async function flow(text: string, cwd: string, engine: Engine): Promise<void> {
  try {
    await runText(text, { engine, cwd });
  } catch (e) {
    const fine = e instanceof DiagnosticsError || (e instanceof RunError && e.code !== 'FLOW7010');
    if (!fine) throw new Error(`${text}\n${e instanceof Error ? e.stack : String(e)}`);
  }
  const resident = process.memoryUsage.rss();
  if (resident > MOST) throw new Error(`${text}\n${Math.round(resident / 2 ** 20)} MiB resident`);
}

function readerTarget(format: (typeof READERS)[number], dir: string, engine: Engine, gzip: boolean): Target {
  const name = gzip ? `${format}-gz` : format;
  const seeds = [readFileSync(join(dir, `seed.${format}`))];
  if (format === 'csv') seeds.push(Buffer.from('a,b\n1,"x ""y"" z"\n2,\n'), Buffer.from('i;f;s\r\n1;2,5;"q\r\nr"\r\n'));
  if (format === 'ndjson') seeds.push(Buffer.from('{"i":1e2,"s":"\\u00e9\\ud83d\\ude00"}\n[1,2]\n"x"\n'));
  // Of half of the archives the content is spoiled, of the others what is compressed.
  const input = (seed: number): Buffer => {
    const r = new Random(seed);
    if (!gzip) return spoiled(seeds, r);
    return r.below(2) === 0
      ? gzipSync(spoiled(seeds, r))
      : spoiled(
          seeds.map((one) => gzipSync(one)),
          r,
        );
  };
  const file = `fuzz.${format}${gzip ? '.gz' : ''}`;
  return {
    name,
    input,
    async run(bytes) {
      writeFileSync(join(dir, file), bytes);
      const source = `${format}("${file}")`;
      await flow(`from ${source} | take 100`, dir, engine);
      await flow(`from ${source} as ${DECLARED} | derive n = length(s), y = o.y | sort i | take 100`, dir, engine);
      await flow(`from ${source} | summarize n = count()`, dir, engine);
    },
  };
}

function modelTarget(dir: string, engine: Engine): Target {
  const seed = readFileSync(join(dir, 'seed.model'));
  return {
    name: 'model',
    input(n) {
      const r = new Random(n);
      return r.below(3) === 0
        ? spoiled([seed], r)
        : Buffer.from(JSON.stringify(spoiledJson(JSON.parse(seed.toString()), r)));
    },
    async run(bytes) {
      writeFileSync(join(dir, 'fuzz.model'), bytes);
      await flow('from ndjson("rows.ndjson") | predict model("fuzz.model") as p', dir, engine);
      await flow('from model("fuzz.model")', dir, engine);
    },
  };
}

/** Imported graphs are read, checked and written again, and not run: what their functions do is not ours. */
function dagTarget(): Target {
  const g = dag('seed');
  const step = fromModule<(a: unknown, b: unknown) => number>('file:///steps.js', 'add');
  const one = g.task('one', step, 1, 2);
  const two = g.task(
    'two',
    step,
    one,
    g.literal(
      'l',
      new Map<unknown, unknown>([
        [1n, new Date(0)],
        ['a', { $: [1, undefined] }],
      ]),
    ),
  );
  g.output('sum', two);
  const seed: unknown = JSON.parse(JSON.stringify(g));
  return {
    name: 'dag',
    input(n) {
      const r = new Random(n);
      const text = JSON.stringify(spoiledJson(seed, r));
      return r.below(4) === 0 ? spoiled([Buffer.from(text)], r) : Buffer.from(text);
    },
    run(bytes) {
      try {
        JSON.stringify(dag.fromJSON(bytes.toString()));
      } catch (e) {
        if (!(e instanceof RunError)) return Promise.reject(e as Error);
      }
      return Promise.resolve();
    },
  };
}

/** A sort beyond the memory, over storage that fails, loses and damages files. The input is the seed of that. */
function spillTarget(dir: string): Target {
  let sorted: string | null = null;
  const work = 'from csv("many.csv") | sort k, id | write csv("sorted.csv")';
  const prepare = async (): Promise<string> => {
    const rows = Array.from({ length: 150_000 }, (_, i) => `${i},${(i * 7919) % 150_007},${'text '.repeat(i % 40)}`);
    writeFileSync(join(dir, 'many.csv'), `id,k,s\n${rows.join('\n')}\n`);
    await runText(work, { cwd: dir, workers: 1, memory: 512 << 20 });
    return readFileSync(join(dir, 'sorted.csv'), 'latin1');
  };
  return {
    name: 'spill',
    input(n) {
      const r = new Random(n);
      const faults = [
        'fail=0.05',
        'flip=0.05',
        'lose=0.05',
        'short=0.05',
        'rot=0.05',
        'full=9000000',
        'slow=1',
        'keep=1',
        'append=0',
      ];
      const some = faults.filter(() => r.below(3) === 0);
      return Buffer.from([...some, `seed=${1 + r.below(1e6)}`].join('&'));
    },
    async run(bytes) {
      sorted ??= await prepare();
      const engine = new Engine({
        workers: 1,
        memory: 16 << 20,
        spillDirs: [`unstable:${join(dir, 'unstable')}?${bytes.toString()}`],
      });
      writeFileSync(join(dir, 'sorted.csv'), 'before');
      let failed = false;
      try {
        await runText(work, { cwd: dir, engine });
      } catch (e) {
        if (!(e instanceof RunError)) throw e;
        failed = true;
      } finally {
        await engine.close();
      }
      const out = readFileSync(join(dir, 'sorted.csv'), 'latin1');
      if (out !== (failed ? 'before' : sorted)) throw new Error(failed ? 'half an output' : 'other rows');
      const left = readdirSync(dir).filter((name) => name.endsWith('.tmp'));
      if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
    },
  };
}
