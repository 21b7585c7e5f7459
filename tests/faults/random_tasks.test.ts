// Random graphs of tasks under random faults: functions that throw, exit or end late, dying workers, storage that fails, loses or damages, cancellation. Each
// value is the right one or its error is clear; values are made again where they were lost; nothing hangs and nothing stays behind.
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine, type Ref, RunError, task } from '../../index.ts';
import { Place } from './harness.ts';

const place = new Place();
/** A longer search: FLOWC_FAULT_RUNS=500 node --import tsx tests/faults/random_tasks.test.ts; FLOWC_SEED repeats one. */
const RUNS = Number(process.env.FLOWC_FAULT_RUNS ?? 12);
const HANG_MS = 60_000;
const MEMORY = 16 << 20;
/** Numbers in a value: 400 KB, far beyond what stays outside the store. */
const SIZE = 50_000;

type Values = Float64Array;

/** How a task's function misbehaves in its first try. */
type Trouble = 'none' | 'throws' | 'exits' | 'late';

interface Node {
  readonly kind: 'make' | 'add' | 'halves';
  /** Numbers of earlier nodes, modulo those there are. */
  readonly a: number;
  readonly b: number;
  readonly trouble: Trouble;
  readonly priority: number;
}

interface Schedule {
  readonly nodes: readonly Node[];
  readonly workers: number;
  readonly storage: string;
  readonly seed: number;
  /** Milliseconds after the start, and what happens then. */
  readonly events: readonly {
    readonly at: number;
    readonly what: 'kill' | 'delete' | 'cancel';
    readonly pick: number;
  }[];
}

const node: fc.Arbitrary<Node> = fc.record({
  kind: fc.constantFrom('make', 'add', 'add', 'add', 'halves'),
  a: fc.nat(1000),
  b: fc.nat(1000),
  trouble: fc.constantFrom('none', 'none', 'none', 'none', 'none', 'throws', 'exits', 'late'),
  priority: fc.integer({ min: -2, max: 2 }),
});

const schedule: fc.Arbitrary<Schedule> = fc.record({
  nodes: fc.array(node, { minLength: 20, maxLength: 120 }),
  workers: fc.integer({ min: 1, max: 3 }),
  storage: fc.constantFrom(
    '',
    'fail=0.1',
    'slow=2',
    'flip=0.05',
    'lose=0.05',
    'keep=0.5',
    'fail=0.05&flip=0.03&lose=0.03&keep=0.3',
  ),
  seed: fc.integer({ min: 1, max: 1e6 }),
  events: fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 400 }),
      what: fc.constantFrom('kill', 'kill', 'delete', 'cancel'),
      pick: fc.nat(1000),
    }),
    { maxLength: 3 },
  ),
});

/** What a function does in its first try besides its work. It goes to the worker as text: it uses nothing but its arguments. */
const FUNCTIONS = {
  make: function (this: { attempt: number }, trouble: Trouble, seed: number, size: number): Values {
    if (this.attempt === 1 && trouble === 'throws') throw new RangeError('the first try throws');
    if (this.attempt === 1 && trouble === 'exits') process.exit(3);
    const out = new Float64Array(size);
    for (let i = 0; i < size; i++) out[i] = (seed * 31 + i * 7) % 1009;
    return out;
  },
  add: async function (this: { attempt: number }, trouble: Trouble, a: Values, b: Values): Promise<Values> {
    if (this.attempt === 1 && trouble === 'throws') throw new RangeError('the first try throws');
    if (this.attempt === 1 && trouble === 'exits') process.exit(3);
    if (trouble === 'late') await new Promise((r) => setTimeout(r, 20));
    const out = new Float64Array(a.length);
    for (let i = 0; i < out.length; i++) out[i] = ((a[i] as number) + 3 * (b[i] as number)) % 1009;
    return out;
  },
  halves: function (this: { attempt: number }, trouble: Trouble, a: Values): [Values, Values] {
    if (this.attempt === 1 && trouble === 'throws') throw new RangeError('the first try throws');
    if (this.attempt === 1 && trouble === 'exits') process.exit(3);
    return [a.map((x) => x / 2), a.map((x) => x + 1)];
  },
};

/** All values of a graph, computed here. */
function direct(nodes: readonly Node[]): Values[] {
  const calm = { attempt: 2 };
  const all: Values[] = [FUNCTIONS.make.call(calm, 'none', 0, SIZE)];
  nodes.forEach((n, i) => {
    const a = all[n.a % all.length] as Values;
    const b = all[n.b % all.length] as Values;
    if (n.kind === 'make') all.push(FUNCTIONS.make.call(calm, 'none', i, SIZE));
    else if (n.kind === 'halves') all.push(...FUNCTIONS.halves.call(calm, 'none', a));
    else all.push(a.map((x, k) => (x + 3 * (b[k] as number)) % 1009));
  });
  return all;
}

/** The same graph as tasks. */
function submitted(engine: Engine, nodes: readonly Node[]): Ref<Values>[] {
  const all: Ref<Values>[] = [engine.task(FUNCTIONS.make, 'none', 0, SIZE)];
  nodes.forEach((n, i) => {
    const a = all[n.a % all.length] as Ref<Values>;
    const b = all[n.b % all.length] as Ref<Values>;
    const options = { retryErrors: true, retries: 5, priority: n.priority };
    if (n.kind === 'make') all.push(engine.task(task(FUNCTIONS.make, options), n.trouble, i, SIZE));
    else if (n.kind === 'add') all.push(engine.task(task(FUNCTIONS.add, options), n.trouble, a, b));
    else all.push(...engine.task(task(FUNCTIONS.halves, { ...options, returns: 2 }), n.trouble, a));
  });
  return all;
}

const workers = new Set<Worker>();
const note = (w: Worker): void => {
  workers.add(w);
  w.once('exit', () => workers.delete(w));
};
test.before(() => void process.on('worker', note));
test.after(() => void process.off('worker', note));

function act(what: 'kill' | 'delete' | 'cancel', pick: number, engine: Engine, refs: readonly Ref<Values>[]): void {
  if (what === 'kill') {
    const all = Array.from(workers);
    void all[pick % Math.max(1, all.length)]?.terminate();
  } else if (what === 'cancel') engine.cancel(refs[pick % refs.length] as Ref<Values>);
  else {
    const names = fs.readdirSync(place.spill, { recursive: true }) as string[];
    const files = names.filter((f) => f.endsWith('.spill'));
    const file = files[pick % Math.max(1, files.length)];
    if (file !== undefined) fs.rmSync(path.join(place.spill, file), { force: true });
  }
}

const CLEAR = new Set(['FLOW7007', 'FLOW7008', 'FLOW7010', 'FLOW7012', 'FLOW7013', 'FLOW7015']);
const seen = new Map<string, number>();

/** Gets every value, comparing one after the other: all of them together are more than the memory. */
async function compare(s: Schedule): Promise<void> {
  const dir = s.storage === '' ? place.spill : `unstable:${place.spill}?${s.storage}&seed=${s.seed}`;
  const engine = new Engine({ workers: s.workers, memory: MEMORY, spillDirs: [dir] });
  const timers: NodeJS.Timeout[] = [];
  try {
    const expected = direct(s.nodes);
    const refs = submitted(engine, s.nodes);
    for (const e of s.events) timers.push(setTimeout(() => act(e.what, e.pick, engine, refs), e.at));
    for (const [i, ref] of refs.entries()) {
      const outcome = await engine.get(ref, { copy: true }).then(
        (v) => (Buffer.compare(bytes(v), bytes(expected[i] as Values)) === 0 ? 'right' : 'another value'),
        (e: unknown) =>
          e instanceof RunError && CLEAR.has(e.code) ? e.code : String(e instanceof Error ? e.stack : e),
      );
      assert.ok(outcome === 'right' || CLEAR.has(outcome), `${ref.name}: ${outcome}`);
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    }
    const { tasks } = engine.stats();
    seen.set('reconstructions', (seen.get('reconstructions') ?? 0) + tasks.reconstructions);
  } finally {
    for (const t of timers) clearTimeout(t);
    await engine.close();
  }
}

const bytes = (v: Values): Uint8Array => new Uint8Array(v.buffer, v.byteOffset, v.byteLength);

function withoutHang<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`a hang: ${what}`)), HANG_MS);
  });
  return Promise.race([work, hang]).finally(() => clearTimeout(timer));
}

test(`random faults in ${RUNS} graphs of tasks: every value is right or its error is clear`, async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async (s) => {
      await withoutHang(compare(s), JSON.stringify(s));
      assert.equal(place.leftovers(), []);
    }),
    { numRuns: RUNS, ...(process.env.FLOWC_SEED ? { seed: Number(process.env.FLOWC_SEED) } : {}) },
  );
  if (process.env.FLOWC_FAULT_RUNS) console.log(Object.fromEntries(seen));
  assert.ok((seen.get('right') ?? 0) > 0);
});

test.run();
