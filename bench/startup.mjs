// Time to start: `node -e 0`, `flowc --version`, and a small run with workers, medians of fresh processes in turn. node bench/startup.mjs [--runs N]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './lib/data.mjs';
import { sideBySide, spread } from './lib/measure.mjs';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '15' } } });
const dir = mkdtempSync(join(tmpdir(), 'flowc-bench-'));
writeFileSync(join(dir, 'small.csv'), `a,b\n${Array.from({ length: 100 }, (_, i) => `${i},${i % 7}`).join('\n')}\n`);
writeFileSync(
  join(dir, 'small.flow'),
  `from csv("${dir}/small.csv") | summarize n = count(), s = sum(a) by b | sort b\n`,
);
writeFileSync(join(dir, 'small.sql'), `select b, count(*), sum(a) from '${dir}/small.csv' group by b order by b`);
try {
  const results = await sideBySide(
    [
      { name: 'node -e 0', cwd: ROOT, args: ['-e', '0'] },
      { name: 'flowc --version', cwd: ROOT, args: ['dist/cli.js', '--version'] },
      { name: 'flowc run small.flow', cwd: ROOT, args: ['dist/cli.js', 'run', join(dir, 'small.flow')] },
      { name: 'duckdb, the same', cwd: ROOT, args: ['bench/lib/duck.mjs', '2', join(dir, 'small.sql')] },
    ],
    Number(values.runs),
  );
  for (const r of results)
    console.log(`${r.name.padEnd(24)}${r.median.toFixed(0).padStart(5)} ms (${spread(r.times)})`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
