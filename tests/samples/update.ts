// Writes samples/expected/ anew, after a change of a sample that is meant: node --import tsx tests/samples/update.ts [NAME …]
// What changed is for the one who commits it to judge: compare with another engine where there is one.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectedFolder, productsOf, runSample, samples } from './support.ts';

const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : samples) {
  const { stdout: table, files } = runSample(name, { workers: 2, out: 'table' });
  const { stdout: rows } = runSample(name, { workers: 2, out: 'ndjson' });
  const folder = expectedFolder(name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of productsOf(table, rows, files)) writeFileSync(join(folder, file), text);
}
