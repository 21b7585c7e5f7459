import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runEverywhere } from '../e2e/harness.ts';
import { TABLES } from './schemas.ts';

const DATA = fileURLToPath(new URL('../../../shared/data/tpch/', import.meta.url));
const QUERIES = new URL('queries/', import.meta.url);

/** The `let`s of the tables a query names. */
function tablesOf(query: string): string {
  return Object.entries(TABLES)
    .filter(([name]) => new RegExp(`\\b${name}\\b`).test(query))
    .map(
      ([name, schema]) => `let ${name} = from csv("${DATA}${name}.tbl.gz", delimiter: "|", header: false) as ${schema}`,
    )
    .join('\n');
}

/** Averages are floats in the answers, and agree to a relative 1e-6; what has no more places than a product of decimals is exact. */
const FLOAT = /^-?\d+\.\d{7,}$/;
const DECIMAL = /^-?\d+(\.\d+)?$/;

/** A decimal without the zeros at its end. */
const plain = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

function agree(a: string, b: string): boolean {
  if (FLOAT.test(b)) return a !== '' && Math.abs(Number(a) - Number(b)) <= 1e-6 * Math.max(1, Math.abs(Number(b)));
  return DECIMAL.test(b) ? plain(a) === plain(b) : a === b;
}

/** Cells of a line; fields in quotes may hold commas. */
function cells(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) =>
    (m[1] ?? m[2] ?? '').replaceAll('""', '"'),
  );
}

if (fs.existsSync(DATA)) {
  for (const file of fs.readdirSync(QUERIES).sort()) {
    const name = path.basename(file, '.flow');
    for (const broadcastBytes of [4 << 20, 0]) {
      test(`${name}, ${broadcastBytes > 0 ? 'small sides broadcast' : 'all joins partitioned'}`, async () => {
        const query = fs.readFileSync(new URL(file, QUERIES), 'utf8');
        const { results } = await runEverywhere(`${tablesOf(query)}\n${query}`, { broadcastBytes });
        const ours = (results[0] as string).trimEnd().split('\n').slice(1).map(cells);
        const theirs = fs
          .readFileSync(`${DATA}answers/${name}.csv`, 'utf8')
          .trimEnd()
          .split('\n')
          .slice(1)
          .map((l) => l.split('|').map((c) => c.replace(/^"(.*)"$/, '$1')));
        assert.is(ours.length, theirs.length);
        ours.forEach((row, i) => {
          const expected = theirs[i] as string[];
          assert.ok(
            row.length === expected.length && row.every((c, k) => agree(c, expected[k] as string)),
            `row ${i + 1}: ${row.join('|')} against ${expected.join('|')}`,
          );
        });
      });
    }
  }
} else console.log('# skip: the TPC-H tables are not beside the checkout');

test.run();
