// Random schedules of everything that goes wrong at once: workers that die, storage that fails, is slow, full, loses files or flips bits, files deleted or
// cut from outside, a source that is written to, cut or replaced, runs that are aborted. The answer is the same bytes as ever, or the error says what happened; nothing hangs and nothing stays behind.
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { check, Engine, type PhysicalPlan, plan, RunError } from '../../index.ts';
import { bigCsv, Place } from './harness.ts';

const place = new Place();
const big = place.path('big.csv');
/** The source as it was, for the next run. */
const kept = place.path('kept.csv');
const ROWS = 400_000;
const MEMORY = 16 << 20;
/** A longer search: FLOWC_FAULT_RUNS=500 node --import tsx tests/faults/random.test.ts; FLOWC_SEED repeats one. */
const RUNS = Number(process.env.FLOWC_FAULT_RUNS ?? 16);
/** Far beyond what a run takes: a hang, told as such instead of by the runner's own limit. */
const HANG_MS = 60_000;

const OUT = place.path('out.csv');
const FLOWS: readonly string[] = [
  `from csv("${big}") | sort k | write csv("${OUT}")`,
  `from csv("${big}") | summarize n = count(), t = max(s), m = sum(k) by g = id % 50000 | write csv("${OUT}")`,
  `let other = from csv("${big}") | select id2 = id, s2 = s\nfrom csv("${big}") | join other as r on id == r.id2 | select id, s2 | write csv("${OUT}")`,
  `from csv("${big}") | distinct s | write csv("${OUT}")`,
];

/** What somebody does to the source: more rows at its end, fewer, other ones in its place. */
type SourceEvent = 'append' | 'shorten' | 'swap';
const SOURCE_EVENTS: ReadonlySet<string> = new Set<SourceEvent>(['append', 'shorten', 'swap']);

/** What can go wrong at a moment of a run, told by the number of finished tasks. */
type Event = {
  readonly task: number;
  readonly what: 'kill' | 'delete' | 'cut' | 'flip' | 'abort' | SourceEvent;
  readonly pick: number;
};

interface Schedule {
  readonly flow: number;
  readonly workers: number;
  readonly shuffle: 'simple' | 'push' | 'auto';
  readonly storage: string;
  readonly seed: number;
  readonly events: readonly Event[];
}

const event: fc.Arbitrary<Event> = fc.record({
  task: fc.integer({ min: 1, max: 12 }),
  what: fc.constantFrom('kill', 'kill', 'delete', 'cut', 'flip', 'abort', 'append', 'shorten', 'swap'),
  pick: fc.nat(1000),
});

const schedule: fc.Arbitrary<Schedule> = fc.record({
  flow: fc.nat(FLOWS.length - 1),
  workers: fc.integer({ min: 1, max: 3 }),
  shuffle: fc.constantFrom('simple', 'push', 'auto'),
  storage: fc.constantFrom(
    '',
    'fail=0.1',
    'slow=3',
    'flip=0.02',
    'rot=0.02',
    'short=0.02',
    'lose=0.02',
    'full=20000000',
    'keep=0.5',
    'fail=0.1&flip=0.02&lose=0.02&keep=0.3&slow=1',
  ),
  seed: fc.integer({ min: 1, max: 1e6 }),
  events: fc.array(event, { maxLength: 3 }),
});

/** Worker threads that run, as node tells of them. */
const workers = new Set<Worker>();
const note = (w: Worker): void => {
  workers.add(w);
  w.once('exit', () => workers.delete(w));
};

const plans: PhysicalPlan[] = [];
const expected: string[] = [];

test.before(async () => {
  process.on('worker', note);
  bigCsv(big, ROWS);
  fs.copyFileSync(big, kept);
  const engine = new Engine({ workers: 2, memory: 1 << 30, spillDirs: [place.spill] });
  for (const flow of FLOWS) {
    const bound = await check(flow, 'test.flow', {});
    assert.ok(bound.plan, bound.diagnostics.map((d) => d.message).join('\n'));
    const { physical } = await plan(bound.plan, {});
    plans.push(physical);
    await engine.run(physical);
    expected.push(fs.readFileSync(OUT, 'latin1'));
  }
  await engine.close();
});

test.after(() => {
  process.off('worker', note);
});

function spillFiles(): string[] {
  const names = fs.readdirSync(place.spill, { recursive: true }) as string[];
  return names.filter((n) => n.endsWith('.spill')).map((n) => path.join(place.spill, n));
}

/** Deletes, cuts or damages a spill file; one that is gone by now is none. */
function damage(what: 'delete' | 'cut' | 'flip', pick: number): void {
  const files = spillFiles();
  const file = files[pick % Math.max(1, files.length)];
  if (file === undefined) return;
  try {
    if (what === 'delete') fs.rmSync(file);
    else if (what === 'cut') fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2));
    else flipBit(file, pick);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ENOENT') throw e;
  }
}

function flipBit(file: string, pick: number): void {
  const fd = fs.openSync(file, 'r+');
  try {
    const at = (fs.fstatSync(fd).size * (pick % 97)) / 97;
    const byte = Buffer.alloc(1);
    if (fs.readSync(fd, byte, 0, 1, Math.floor(at)) === 1) {
      byte[0] = (byte[0] as number) ^ 1;
      fs.writeSync(fd, byte, 0, 1, Math.floor(at));
    }
  } finally {
    fs.closeSync(fd);
  }
}

function act(e: Event, controller: AbortController): void {
  if (e.what === 'abort') controller.abort();
  else if (e.what === 'kill') {
    const all = Array.from(workers);
    void all[e.pick % Math.max(1, all.length)]?.terminate();
  } else if (e.what === 'append') fs.appendFileSync(big, `${ROWS + e.pick},1,more\n`);
  else if (e.what === 'shorten') fs.truncateSync(big, Math.floor((fs.statSync(big).size * (e.pick % 97)) / 97));
  else if (e.what === 'swap') {
    fs.copyFileSync(kept, `${big}.new`);
    fs.renameSync(`${big}.new`, big);
  } else damage(e.what, e.pick);
}

function withoutHang<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`a hang: ${what}`)), HANG_MS);
  });
  return Promise.race([work, hang]).finally(() => clearTimeout(timer));
}

/** Errors that may be the answer: each says what happened to the source, the storage, the workers or the run. */
const CLEAR = new Set(['FLOW7002', 'FLOW7006', 'FLOW7007', 'FLOW7008', 'FLOW7010', 'FLOW7012', 'FLOW7015']);

async function runWith(s: Schedule): Promise<'right' | RunError> {
  const dir = s.storage === '' ? place.spill : `unstable:${place.spill}?${s.storage}&seed=${s.seed}`;
  const engine = new Engine({ workers: s.workers, memory: MEMORY, spillDirs: [dir] });
  const controller = new AbortController();
  let tasks = 0;
  fs.rmSync(OUT, { force: true });
  try {
    await engine.run(plans[s.flow] as PhysicalPlan, {
      signal: controller.signal,
      shuffle: s.shuffle,
      onStage: (e) => {
        if (e.state !== 'task') return;
        tasks++;
        for (const one of s.events) if (one.task === tasks) act(one, controller);
      },
    });
    return 'right';
  } catch (e) {
    assert.instance(e, RunError, String(e instanceof Error ? e.stack : e));
    return e as RunError;
  } finally {
    await engine.close();
    if (s.events.some((e) => SOURCE_EVENTS.has(e.what))) fs.copyFileSync(kept, big);
  }
}

test(`random faults in ${RUNS} runs: the same bytes or a clear error, nothing left behind`, async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(schedule, async (s) => {
      const shown = JSON.stringify(s);
      const answer = await withoutHang(runWith(s), shown);
      const kind = answer === 'right' ? 'right' : answer.code;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      if (answer === 'right') {
        assert.ok(fs.readFileSync(OUT, 'latin1') === expected[s.flow], `another answer: ${shown}`);
      } else {
        assert.ok(CLEAR.has(answer.code), `${answer.code} ${answer.message}: ${shown}`);
        assert.not(fs.existsSync(OUT), `an output of a failed run: ${shown}`);
      }
      assert.equal(place.leftovers(), [], shown);
    }),
    { numRuns: RUNS, ...(process.env.FLOWC_SEED ? { seed: Number(process.env.FLOWC_SEED) } : {}) },
  );
  if (process.env.FLOWC_FAULT_RUNS) console.log(Object.fromEntries(seen));
  assert.ok((seen.get('right') ?? 0) >= RUNS / 4, `hardly a run came through: ${JSON.stringify(Array.from(seen))}`);
});

test.run();
