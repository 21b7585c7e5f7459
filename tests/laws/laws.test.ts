// What holds of any pipeline, told without a second implementation: each law is a property over random tables, conditions, formats and engines.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { arbitraryPipeline, MAIN } from '../../testing/pipelines.ts';
import { condition, Laws } from './harness.ts';

const laws = new Laws();
test.after(() => laws.close());

const ALL = MAIN.map((f) => f.name).join(', ');

test('filter, then union is union, then filter', () =>
  laws.hold(async (c, at) => {
    const p = condition(c);
    const [main, more] = [at.table('main', c.main, c.format), at.table('more', c.more, c.format)];
    const head = `let more = from ${more}\n`;
    await at.same(
      `${head}from ${main} | union more | where ${p}`,
      `${head}from ${main} | where ${p} | union (from more | where ${p})`,
      'in order',
    );
  }));

test('a source in several files is the same source', () =>
  laws.hold(async (c, at) => {
    const { rows } = c.main;
    const cuts = [...c.seed.slice(0, 3).map((n) => n % (rows.length + 1)), 0, rows.length].sort((a, b) => a - b);
    const whole = at.table('whole', c.main, c.format);
    const parts = cuts.slice(1).map((end, i) => {
      at.table(`part${i}`, { ...c.main, rows: rows.slice(cuts[i], end) }, c.format);
      return `"part${i}.${c.format}"`;
    });
    const split = whole.replace(`"whole.${c.format}"`, `[${parts.join(', ')}]`);
    for (const steps of [
      `where ${condition(c)}`,
      'summarize n = count(), t = sum(id), m = max(s) by g',
      `sort ${ALL}`,
      'distinct',
      'take 7',
    ])
      await at.same(
        `from ${whole} | ${steps}`,
        `from ${split} | ${steps}`,
        steps.startsWith('summarize') ? 'any order' : 'in order',
      );
  }));

test('rows that pass, that fail and that are unknown are all rows', () =>
  laws.hold(async (c, at) => {
    const p = condition(c);
    const head = `let t = from ${at.table('main', c.main, c.format)}\n`;
    const parts = `from t | where ${p} | union (from t | where not (${p})) | union (from t | where (${p}) is null)`;
    await at.same(`${head}${parts}`, `${head}from t`, 'any order');
    await at.same(`${head}from t | remove ${p}`, `${head}from t | where (not (${p})) ?? true`, 'in order');
  }));

test('rows that are written into folders by key are all there when they are read again', () =>
  laws.hold(async (c, at) => {
    const source = at.table('main', c.main, c.format);
    for (const [format, key] of [
      ['parquet', 'g'],
      ['ndjson', 's'],
    ] as const) {
      const others = MAIN.filter((f) => f.name !== key).map((f) => f.name);
      const columns = [key, ...others].join(', ');
      await at.run(`from ${source} | write ${format}("out-${format}", partition_by: "${key}")`);
      if (c.main.rows.length === 0) continue;
      const types = source.slice(source.indexOf(' as '));
      await at.same(
        `from ${format}("out-${format}/**/part-0.*", hive: true)${types} | select ${columns}`,
        `from ${source} | select ${columns}`,
        'any order',
      );
    }
  }));

test('aggregates of parts make the aggregates of all', () =>
  laws.hold(async (c, at) => {
    const head = `let t = from ${at.table('main', c.main, c.format)} | derive part = id % 3\n`;
    const keys = ['g', 's', 'b'][(c.seed[0] ?? 0) % 3] as string;
    const all = `from t | summarize n = count(), k = count(m), t = sum(id), lo = min(s), hi = max(at), any = any(b) by ${keys}`;
    const parts = `from t | summarize n = count(), k = count(m), t = sum(id), lo = min(s), hi = max(at), any = any(b) by ${keys}, part`;
    const merged = `summarize n = sum(n), k = sum(k), t = sum(t), lo = min(lo), hi = max(hi), any = any(any) by ${keys}`;
    await at.same(`${head}${all}`, `${head}${parts} | ${merged}`, 'any order');
    await at.same(
      `${head}from t | summarize n = count() by rollup(g, s) | where g is null and s is null | summarize n = max(n)`,
      `${head}from t | summarize n = count()`,
      'any order',
    );
  }));

test('sorting permutes, once and for all, and takes what it says first', () =>
  laws.hold(async (c, at) => {
    const source = at.table('main', c.main, c.format);
    const names = MAIN.map((f) => f.name);
    const from = (c.seed[0] ?? 0) % names.length;
    const words = ['', ' desc', ' nulls first', ' desc nulls first'];
    const some = [...names.slice(from), ...names.slice(0, from)].slice(0, 1 + ((c.seed[1] ?? 0) % 3));
    const keys = some.map((n, i) => `${n}${words[(c.seed[i + 2] ?? 0) % 4]}`).join(', ');
    await at.same(`from ${source} | sort ${keys}`, `from ${source}`, 'any order');
    await at.same(`from ${source} | sort ${keys} | sort ${keys}`, `from ${source} | sort ${keys}`, 'in order');
    // It is stable: sorting by the last key first comes to the same.
    const [last, ...before] = keys.split(', ').reverse();
    const steps = [last, ...before].map((key) => `sort ${key}`).join(' | ');
    await at.same(`from ${source} | ${steps}`, `from ${source} | sort ${keys}`, 'in order');
    await at.same(`from ${source} | sort ${keys} | take 5`, `from ${source} | take 5 sort ${keys}`, 'in order');
    await at.same(
      `from ${source} | sort ${keys} | take 5`,
      `let sorted = from ${source} | sort ${keys}\nfrom sorted | take 3 | union (from sorted | skip 3 | take 2)`,
      'in order',
    );
  }));

test('joins: their sizes, and what they leave', () =>
  laws.hold(async (c, at) => {
    const head = `let l = from ${at.table('main', c.main, c.format)}\nlet r = from ${at.table('other', c.other, c.format)}\n`;
    const on = (c.seed[0] ?? 0) % 2 === 0 ? 'g == r.k' : 'g == r.k and s == r.s';
    const key = on === 'g == r.k' ? ['g', 'k'] : ['g, s', 'k, s'];
    const join = (kind: string, add = ' add w2 = r.w'): string => `${head}from l | join ${kind}r as r on ${on}${add}`;
    const inner = await at.count(join(''));
    const anti = await at.count(join('anti ', ''));
    const semi = await at.count(join('semi ', ''));
    const left = c.main.rows.length;
    const back = on === 'g == r.k' ? 'k == l.g' : 'k == l.g and s == l.s';
    const missed = await at.count(`${head}from r | join anti l as l on ${back}`);
    assert.is(semi + anti, left);
    assert.is(await at.count(join('left ')), inner + anti);
    assert.is(await at.count(join('right ')), inner + missed);
    assert.is(await at.count(join('full ')), inner + anti + missed);
    // Of each key, as many rows as those of both sides multiplied.
    const groups = `${head}let a = from l | summarize n = count() by ${key[0]}\nlet b = from r | summarize m = count() by ${key[1]}\n`;
    const product = `${groups}from a | join b as r on ${on} add m = r.m | summarize n = sum(n * m) | select n = n ?? 0`;
    await at.same(product, `${join('')} | summarize n = count()`, 'any order');
    assert.is(await at.count(`${head}from l | join cross r as r add w2 = r.w`), left * c.other.rows.length);
  }));

test('a condition that is always true changes nothing', () =>
  laws.hold(async (c, at) => {
    const p = condition(c);
    const source = at.table('main', c.main, c.format);
    for (const always of ['true', `(${p}) or not (${p}) or (${p}) is null`, `(${p}) is (${p})`, 'id is not null'])
      await at.same(`from ${source} | where ${always}`, `from ${source}`, 'in order');
    await at.same(`from ${source} | where not true`, `from ${source} | take 0`, 'in order');
  }));

test('the order of the input shows only where a step keeps it', () =>
  laws.hold(async (c, at) => {
    const [p] = fc.sample(arbitraryPipeline({ maxSteps: 5, maxRows: 1, nested: false, functions: false }), {
      numRuns: 1,
      seed: c.seed[0] ?? 1,
    });
    assert.ok(p);
    const tables = { main: c.main, other: c.other };
    const flow = (reversed: boolean): string =>
      p.flow((name) => {
        const one = tables[name as keyof typeof tables];
        return at.table(
          `${name}${reversed ? '-reversed' : ''}`,
          reversed ? { ...one, rows: [...one.rows].reverse() } : one,
          c.format,
        );
      });
    await at.same(flow(false), flow(true), 'any order');
    await at.same(
      `from ${at.table('main', c.main, c.format)} | sort ${ALL}`,
      `from ${at.table('back', { ...c.main, rows: [...c.main.rows].reverse() }, c.format)} | sort ${ALL}`,
      'in order',
    );
  }));

test('sets: distinct rows, unions, differences and intersections', () =>
  laws.hold(async (c, at) => {
    const head = `let a = from ${at.table('main', c.main, c.format)} | select g, s\nlet b = from ${at.table('more', c.more, c.format)} | select g, s\n`;
    await at.same(`${head}from a | distinct | distinct`, `${head}from a | distinct`, 'in order');
    await at.same(`${head}from a | distinct`, `${head}from a | summarize n = count() by g, s | drop n`, 'any order');
    await at.same(`${head}from a | union distinct b`, `${head}from b | union distinct a`, 'any order');
    await at.same(`${head}from a | union b | distinct`, `${head}from a | union distinct b`, 'any order');
    await at.same(`${head}from a | except b | union (from a | intersect b)`, `${head}from a | distinct`, 'any order');
    await at.same(`${head}from a | except a`, `${head}from a | take 0`, 'any order');
    await at.same(`${head}from a | except all b | union (from a | intersect all b)`, `${head}from a`, 'any order');
  }));

test.run();
