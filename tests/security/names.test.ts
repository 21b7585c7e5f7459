// Names and texts of the user's never become code, members of objects, or part of something else: pipelines over columns with such names give the rows that they give
// with plain names, and what would run if they did leaves no trace.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { escapeText } from '../../grammar/literals.ts';
import { quoteName } from '../../grammar/words.ts';
import { csv, DiagnosticsError, Engine, flow, RunError, runText } from '../../index.ts';
import { arbitraryPipeline, MAIN, NESTED, type TestPipeline } from '../../testing/pipelines.ts';
import { Bench } from '../oracle/agree.ts';
import { attacks, CHARACTERS, MEMBERS, SURROGATES } from './names.ts';

const dir = mkdtempSync(join(tmpdir(), 'flowc-names-'));
const trap = join(dir, 'trap');
const engine = new Engine({ workers: 1 });
const bench = new Bench();
const before = Object.getOwnPropertyNames(Object.prototype).join();
test.after.each(() => {
  assert.not.ok(existsSync(trap), 'a text ran as code');
  assert.is(Object.getOwnPropertyNames(Object.prototype).join(), before, 'the prototype of all objects is as it was');
});
test.after(async () => {
  await engine.close();
  await bench.close();
  rmSync(dir, { recursive: true });
});

const hostile: readonly string[] = [...attacks(trap), ...MEMBERS, ...CHARACTERS];

/** Of columns of any format: text files and Parquet hold no NUL in names, and the first line of CSV is read without blanks around names. */
const named = hostile.filter((s) => !s.includes('\0') && s === s.trim());

/** A hostile name for each plain one, those of sources without half characters: a file cannot hold them. */
function naming(choices: readonly number[]): (plain: string) => string {
  const names = new Map<string, string>();
  return (plain) => {
    const known = names.get(plain);
    if (known !== undefined) return known;
    const pool = names.size < MAIN.length + NESTED.length ? named : [...hostile, ...SURROGATES];
    const free = pool.filter((name) => ![...names.values()].includes(name));
    const chosen = free[(choices[names.size % choices.length] ?? 0) % free.length] as string;
    names.set(plain, chosen);
    return chosen;
  };
}

const cases = fc
  .array(fc.nat(1000), { minLength: 4, maxLength: 12 })
  .chain((choices) => arbitraryPipeline({ maxSteps: 6, maxRows: 12, naming: naming(choices) }));

test('pipelines over columns with hostile names: the engine against the reference', async () => {
  const check = async (p: TestPipeline): Promise<void> => {
    for (const format of ['csv', 'ndjson'] as const) {
      const setting = {
        workers: 1,
        memory: 64 << 20,
        broadcastBytes: 4 << 20,
        formats: [format, format],
        without: null,
      };
      await bench.check({ flow: p.flow((name) => `@${name}`), tables: p.tables, setting });
    }
  };
  const details = await fc.check(fc.asyncProperty(cases, check), { numRuns: Number(process.env['PIPELINES'] ?? 60) });
  if (details.failed) throw new Error(`${String(details.errorInstance)}\nseed ${details.seed}`);
});

/** A flow that may be refused, but neither breaks nor hangs: its rows, or the code of its error. */
async function outcome(text: string, params: Record<string, string> = {}): Promise<unknown> {
  try {
    const { results } = await runText(text, { engine, cwd: dir, params });
    return results.map((one) => one.rows);
  } catch (e) {
    if (e instanceof DiagnosticsError) return e.diagnostics.map((d) => d.code);
    if (e instanceof RunError) return e.code;
    throw new Error(`${String((e as Error).stack)}\n${text}`);
  }
}

writeFileSync(join(dir, 'one.csv'), 'a,b\n1,x\n');
const text = (s: string): string => `"${escapeText(s, '"')}"`;

test('a text keeps its characters through literals, parameters, columns, structs, maps and JSON', async () => {
  for (const s of [...hostile, ...SURROGATES]) {
    const seen = await outcome(
      `param p: string\nfrom csv("one.csv")\n| select lit = ${text(s)}, par = $p, con = concat(b, ${text(s)}), f = f"{b}${escapeText(s.replaceAll('{', '{{').replaceAll('}', '}}'), '"')}",
  field = { ${quoteName(s)}: a }.${quoteName(s)}, keyed = map([${text(s)}], [a])[${text(s)}], same = ${text(s)} == $p, member = $p in [${text(s)}]`,
      { p: s },
    );
    // Half a character becomes the replacement character where it is stored as UTF-8.
    const kept = Buffer.from(s).toString();
    assert.equal(
      JSON.parse(JSON.stringify(seen)),
      [[{ lit: kept, par: kept, con: `x${kept}`, f: `x${kept}`, field: 1, keyed: 1, same: true, member: true }]],
      JSON.stringify(s),
    );
  }
});

test('names in every place where a name may stand', async () => {
  for (const s of hostile) {
    const n = quoteName(s);
    const seen = await outcome(
      `let ${n} = from csv("one.csv") | derive ${n} = a + 1
fn ${quoteName(`${s}!`)}(${n}) => ${n} * 2
from ${n}
| derive st = { ${n}: a, other: b }
| derive got = st.${n}, twice = ${quoteName(`${s}!`)}(a)
| where ${n} == 2
| join ${n} as r on ${n} == r.${n} add ${quoteName(`${s}?`)} = r.b
| summarize ${quoteName(`${s}#`)} = sum(${n}), l = list(st) by ${n}, ${quoteName(`${s}?`)}, got, twice
| rename ${quoteName(`${s}2`)} = ${n}
| derive w = sum(${quoteName(`${s}#`)}) over (by ${quoteName(`${s}2`)})
| select ${quoteName(`${s}2`)}, w, got, twice, first = l[0].${n}`,
    );
    const row = Object.fromEntries([
      [`${s}2`, 2],
      ['w', 2],
      ['got', 1],
      ['twice', 2],
      ['first', 1],
    ]);
    assert.equal(JSON.stringify(seen), JSON.stringify([[row]]), s);
  }
});

test('names that are read from files and written to them', async () => {
  for (const format of ['ndjson', 'json', 'parquet', 'arrow', 'csv']) {
    const names = format === 'csv' ? named : format === 'parquet' ? hostile.filter((s) => !s.includes('\0')) : hostile;
    const row = Object.fromEntries(names.map((s, i) => [s, i]));
    writeFileSync(join(dir, 'names.ndjson'), `${JSON.stringify({ ...row, nested: row })}\n`);
    await runText(`from ndjson("names.ndjson") | write ${format}("out.${format}")`, { engine, cwd: dir });
    const { results } = await runText(`from ${format}("out.${format}")`, { engine, cwd: dir });
    const [got] = results[0]?.rows ?? [];
    for (const s of names) {
      assert.equal(Object.hasOwn(got ?? {}, s) && got?.[s], row[s], `${format}: ${JSON.stringify(s)}`);
      if (format !== 'csv') {
        const nested = got?.['nested'] as Record<string, unknown>;
        assert.ok(Object.hasOwn(nested, s) && nested[s] === row[s], `${format}: nested ${JSON.stringify(s)}`);
      }
    }
  }
});

test('Parquet refuses a name that its readers would cut', async () => {
  for (const column of ['`\\u{0}`', '`a\\u{0}b`', 'x']) {
    const value = column === 'x' ? '{ `\\u{0}`: a }' : 'a';
    assert.is(
      await outcome(`from csv("one.csv") | select ${column} = ${value} | write parquet("out.parquet")`),
      'FLOW7006',
    );
  }
});

test('hostile texts as arguments, options, patterns, formats, paths, functions and types are values or errors', async () => {
  const places: readonly ((s: string, n: string) => string)[] = [
    (s) => `from csv(${s})`,
    (s) => `from csv("one.csv", delimiter: ${s})`,
    (s) => `from csv("one.csv", nulls: [${s}])`,
    (_, n) => `from ${n}("one.csv")`,
    (_, n) => `from csv("one.csv", ${n}: 1)`,
    (_, n) => `from csv("one.csv") as { a: ${n} }`,
    (_, n) => `from csv("one.csv") | derive c = ${n}(a)`,
    (_, n) => `from csv("one.csv") | derive c = b::${n}`,
    (_, n) => `from csv("one.csv") | summarize c = ${n}(a)`,
    (_, n) => `from csv("one.csv") | derive c = ${n}(a) over (sort a)`,
    (_, n) => `from csv("one.csv") | train m = ${n}(a ~ b)`,
    (_, n) => `from csv("one.csv") | split ${n} = 0.5, rest`,
    (s) => `from csv("one.csv") | derive c = b like ${s}`,
    (s) => `from csv("one.csv") | derive c = matches(b, ${s})`,
    (s) => `from csv("one.csv") | derive c = regexp_replace(b, "x", ${s})`,
    (s) => `from csv("one.csv") | derive c = strftime(@2024-01-01, ${s})`,
    (s) => `from csv("one.csv") | derive c = strptime(b, ${s})`,
    (s) => `from csv("one.csv") | derive c = date_trunc(${s}, @2024-01-01)`,
    (s) => `from csv("one.csv") | derive c = date_diff(${s}, @2024-01-01, @2024-01-02)`,
    (s) => `from csv("one.csv") | derive c = uuid5(${s}, b)`,
    (s) => `from csv("one.csv") | derive u = ${s} | derive c = uuid5(u, b)`,
    (s) => `from csv("one.csv") | derive c = format(${s}, a)`,
    (s) => `from csv("one.csv") | derive c = ${s}::json | derive d = c["a"]`,
    (s) => `from csv("one.csv") | derive c = { a: 1 }[${s}]`,
    (s) => `from csv("one.csv") | derive c = json_extract("{}"::json, ${s})`,
    (s) => `from csv("one.csv") | derive c = at_zone(@2024-01-01T00:00:00Z, ${s})`,
    (s) => `from csv("one.csv") | pivot b values [${s}] into sum(a)`,
    (s) => `from csv("one.csv") | unpivot a into ${s}, v`,
    (s) => `use { f } from ${s}\nfrom csv("one.csv")`,
    (s) => `import { f } from ${s}\nfrom csv("one.csv")`,
    (_, n) => `use { ${n} } from "./none.js"\nfrom csv("one.csv")`,
    (s) => `from csv("one.csv") | expect a > 0 else quarantine(${s})`,
    (s) => `from csv("one.csv") | expect a > 5 message ${s}`,
    (_, n) => `param ${n}: int\nfrom csv("one.csv")`,
    (_, n) => `schema ${n} { ${n}: ${n} }\nfrom csv("one.csv") as ${n}`,
    (s) => `from csv("one.csv") | predict model(${s}) as p`,
    (_, n) => `from sql """ select a as ${n} from t """ as { ${n}: int? }`,
  ];
  const everywhere = new Set<string>(['__proto__', 'constructor', 'toString', '"', '\0x']);
  for (const [i, s] of [...hostile, ...SURROGATES].entries()) {
    // The others at every third place, each at other ones.
    const some = places.filter((_, k) => everywhere.has(s) || (i + k) % 3 === 0);
    for (const place of some) await outcome(place(text(s), quoteName(s)));
    await outcome(`from csv("one.csv") | derive c = $p`, { [s]: s });
  }
});

test('flows built in TypeScript', async () => {
  for (const s of hostile) {
    const rows = await flow(csv(join(dir, 'one.csv')))
      .derive({ [s]: 'a + 1' })
      .select('a', quoteName(s))
      .collect({ engine });
    assert.is(rows[0]?.[s], 2, s);
  }
});

test.run();
