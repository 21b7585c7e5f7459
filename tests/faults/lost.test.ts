// Spilled data that is gone, short or changed while a run goes on: what was lost is made again, and the result has the same bytes.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { check, Engine, plan, RunError, type RunResult } from '../../index.ts';
import { bigCsv, Place } from './harness.ts';

const place = new Place();
const ROWS = 300_000;
const MEMORY = 16 << 20;
const big = place.path('big.csv');
const out = place.path('out.csv');
const parquet = place.path('out.parquet');

test.before(() => bigCsv(big, ROWS));

const FLOWS: Readonly<Record<string, string>> = {
  sort: `from csv("${big}") | sort k | write csv("${out}")`,
  'sort after a sort': `from csv("${big}") | sort k | take 250000 | sort s | write csv("${out}")`,
  'group by': `from csv("${big}") | summarize n = count(), t = max(s) by g = k // 7 | write csv("${out}")`,
  'group of groups': `from csv("${big}") | summarize n = count(), t = max(s) by g = k // 7 | summarize m = sum(n), u = min(t) by h = g % 100000 | sort h | write csv("${out}")`,
  join: `let other = from csv("${big}") | select id2 = id, s2 = s\nfrom csv("${big}") | join other as r on id == r.id2 | write csv("${out}")`,
  parquet: `from csv("${big}") | sort k | write parquet("${parquet}")`,
};

type Damage = (file: string) => void;

const DAMAGES: Readonly<Record<string, Damage>> = {
  deleted: (file) => fs.rmSync(file),
  truncated: (file) => fs.truncateSync(file, Math.floor(fs.statSync(file).size / 3)),
  flipped(file) {
    const bytes = fs.readFileSync(file);
    for (let at = 1000; at < bytes.length; at += 50_000) bytes[at] = (bytes[at] as number) ^ 4;
    fs.writeFileSync(file, bytes, { flag: 'r+' });
  },
};

function spillFiles(): string[] {
  const all = fs.readdirSync(place.spill, { recursive: true }) as string[];
  return all
    .map((f) => path.join(place.spill, f))
    .filter((f) => fs.statSync(f).isFile() && fs.statSync(f).size > 1 << 20);
}

/** Runs a flow; `damage` is done to all spill files after `times` of its stages. */
async function run(flow: string, damage: Damage | null, shuffle: 'simple' | 'push', times = 1): Promise<RunResult> {
  const bound = await check(flow, 'test.flow', {});
  assert.ok(bound.plan, bound.diagnostics.map((d) => d.message).join('\n'));
  const { physical } = await plan(bound.plan, {});
  const engine = new Engine({ workers: 2, memory: MEMORY, spillDirs: [place.spill] });
  let left = times;
  try {
    const result = await engine.run(physical, {
      shuffle,
      onStage(e) {
        if (damage === null || left === 0 || e.state !== 'done' || e.stage.output.kind === 'sink') return;
        const files = spillFiles();
        if (files.length > 0) left--;
        for (const f of files) damage(f);
      },
    });
    assert.is(engine.stats().memory.objects, 0);
    return result;
  } finally {
    await engine.close();
  }
}

const written = (flow: string): Buffer => fs.readFileSync(flow.includes('write parquet') ? parquet : out);

/** What is done to which flow: everything to the simplest, and to each of the others what its kind of data has not met. */
const CASES: readonly (readonly [flow: string, damage: string, shuffle: 'simple' | 'push'])[] = [
  ['sort', 'deleted', 'simple'],
  ['sort', 'truncated', 'simple'],
  ['sort', 'flipped', 'simple'],
  ['sort after a sort', 'flipped', 'simple'],
  ['group by', 'truncated', 'simple'],
  ['group by', 'flipped', 'push'],
  ['group of groups', 'flipped', 'push'],
  ['join', 'truncated', 'simple'],
  ['join', 'flipped', 'push'],
  ['parquet', 'truncated', 'simple'],
];

const expected = new Map<string, Buffer>();

/** What a run without damage writes. */
async function undamaged(flow: string): Promise<Buffer> {
  const known = expected.get(flow);
  if (known !== undefined) return known;
  await run(flow, null, 'simple');
  expected.set(flow, written(flow));
  return written(flow);
}

for (const [name, kind, shuffle] of CASES) {
  test(`${name}, ${shuffle}: spill files ${kind}`, async () => {
    const flow = FLOWS[name] as string;
    const bytes = await undamaged(flow);
    const { tasks, exchanges } = (await run(flow, DAMAGES[kind] as Damage, shuffle)).stats;
    assert.ok(bytes.equals(written(flow)), 'other bytes');
    assert.ok(exchanges.every((x) => x.strategy === shuffle || x.maps < 2));
    // A file that is open is there for its reader after it was deleted.
    if (kind !== 'deleted') assert.ok(tasks.reconstructions > 0, 'nothing was made again');
  });
}

test('damage after every stage', async () => {
  const flow = FLOWS['group of groups'] as string;
  const bytes = await undamaged(flow);
  const { tasks } = (await run(flow, DAMAGES['truncated'] as Damage, 'simple', 10)).stats;
  assert.ok(bytes.equals(written(flow)));
  assert.ok(tasks.reconstructions > 0);
});

test('a source that is another one by now cannot make anything again: FLOW7002, and no output', async () => {
  fs.rmSync(out, { force: true });
  const copy = place.path('copy.csv');
  fs.copyFileSync(big, copy);
  const flow = `from csv("${copy}") | sort k | write csv("${out}")`;
  const damage: Damage = (file) => {
    fs.truncateSync(file, 0);
    fs.appendFileSync(copy, 'x');
  };
  try {
    await run(flow, damage, 'simple');
    assert.unreachable();
  } catch (e) {
    assert.instance(e, RunError);
    assert.is((e as RunError).code, 'FLOW7002');
  }
  assert.not(fs.existsSync(out));
});

test.run();
