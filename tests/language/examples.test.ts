// The examples of the language's design run, with the same bytes under one and two workers, ample and tiny memory. UPDATE=1 writes what is seen.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { check, Engine, plan } from '../../index.ts';
import { rows } from '../golden/script.ts';
import { type Example, examples, textOf } from './examples.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const update = process.env.UPDATE === '1';
const folders: string[] = [];
test.after(() => {
  process.chdir(here);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Rows with a pattern that trees can learn, the same each time. */
function features(): string {
  const lines = ['customer_id,age,spend,country,churned'];
  for (let i = 0; i < 400; i++) {
    const age = 18 + ((i * 37) % 60);
    const spend = (i * 7919) % 1000;
    const country = ['US', 'CA', 'FR'][i % 3];
    lines.push(`${i},${age},${spend}.5,${country},${age < 40 && spend > 300 && country !== 'CA'}`);
  }
  return `${lines.join('\n')}\n`;
}

const engines = [512, 16].flatMap((mib) => [1, 2].map((workers) => new Engine({ workers, memory: mib << 20 })));
test.after(async () => {
  for (const engine of engines) await engine.close();
});

/** All data, made once. */
let template: Promise<string> | null = null;

async function makeTemplate(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'flowc-language-'));
  folders.push(folder);
  cpSync(join(here, 'data'), folder, { recursive: true });
  writeFileSync(join(folder, 'features.csv'), features());
  const archive = Array.from({ length: 500 }, (_, i) => `p${i},${i % 2 === 0 ? 'jan' : 'feb'},${i * 3}`);
  writeFileSync(join(folder, 'archive.csv'), `product,month,rev\n${archive.join('\n')}\n`);
  writeFileSync(join(folder, 'c.ndjson.gz'), gzipSync(readFileSync(join(folder, 'clicks.ndjson'))));
  const parts = ['gold', 'silver'].map(
    (tier) => `from csv("customers.csv") | where tier == "${tier}" | write parquet("customers/${tier}.parquet")`,
  );
  const bound = await check(parts.join('\n'), 'setup.flow', { cwd: folder });
  assert.ok(bound.plan, JSON.stringify(bound.diagnostics));
  await (engines[0] as Engine).run((await plan(bound.plan)).physical);
  return folder;
}

/** A folder with all data, in which the process then works. */
async function freshFolder(): Promise<void> {
  template ??= makeTemplate();
  const folder = mkdtempSync(join(tmpdir(), 'flowc-language-'));
  folders.push(folder);
  cpSync(await template, folder, { recursive: true });
  process.chdir(folder);
}

/** Everything that a run shows and writes, as text. */
async function play(example: Example, engine: Engine): Promise<string> {
  await freshFolder();
  const text = textOf(example);
  writeFileSync('example.flow', text);
  const bound = await check(text, 'example.flow', { params: example.params });
  if (bound.plan === null) throw new Error(bound.diagnostics.map((d) => `${d.code} ${d.message}`).join('\n'));
  const parts = [await rows((await plan(bound.plan)).physical, engine)];
  for (const [path, format] of Object.entries(example.written)) {
    parts.push(`# ${path}\n${await written(path, format, engine)}`);
  }
  return parts.filter(Boolean).join('\n');
}

async function written(path: string, format: string, engine: Engine): Promise<string> {
  assert.ok(existsSync(path), `${path} was written`);
  if (format === 'model') return `model ${createHash('sha256').update(readFileSync(path)).digest('hex')}\n`;
  if (format === 'folder') {
    const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => posix.join(path, name));
    const parts = files.filter((file) => statSync(file).isFile()).sort();
    const texts = parts.map(async (file) => `${file}\n${await written(file, 'parquet', engine)}`);
    return (await Promise.all(texts)).join('');
  }
  if (format !== 'parquet') return readFileSync(path, 'utf8');
  const bound = await check(`from parquet("${path}")`, 'read.flow');
  assert.ok(bound.plan, JSON.stringify(bound.diagnostics));
  return rows((await plan(bound.plan)).physical, engine);
}

for (const example of examples) {
  test(`example ${example.name}`, async () => {
    const bound = await freshFolder().then(() => {
      writeFileSync('example.flow', textOf(example));
      return check(textOf(example), 'example.flow', { params: example.params });
    });
    const why = bound.diagnostics.filter(({ severity }) => severity === 'error').map((d) => `${d.code} ${d.message}`);
    assert.equal(why, []);
    const seen: string[] = [];
    for (const engine of engines) seen.push(await play(example, engine));
    for (const other of seen) assert.is(other, seen[0], 'the same everywhere');
    const path = join(here, 'expected', `${example.name}.txt`);
    // The bytes of a model are the same everywhere, and other ones when a learner gets better.
    const shown = (seen[0] ?? '').replace(/^model [0-9a-f]{64}$/gm, 'model');
    if (update) writeFileSync(path, shown);
    else if (existsSync(path)) assert.fixture(shown, readFileSync(path, 'utf8'));
    else assert.unreachable('what it gives is written down: UPDATE=1');
  });
}

test.run();
