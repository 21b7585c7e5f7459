// The files that the contestants read, made once under bench/data: CSV by our generators, the other formats from it by flowc.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DATA, ROOT } from './places.mjs';

const CHUNK = 1 << 20;

/** Makes a file unless it is there: `make(temporary)` writes it, and it appears whole. */
function once(path, make) {
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  make(temporary);
  renameSync(temporary, path);
  return path;
}

/** Writes the header and the lines (without line ends) that an iterable gives. */
export function writeLines(path, header, lines) {
  const file = openSync(path, 'w');
  let text = `${header}\n`;
  for (const line of lines) {
    text += `${line}\n`;
    if (text.length > CHUNK) {
      writeSync(file, text);
      text = '';
    }
  }
  writeSync(file, text);
  closeSync(file);
}

/** The schema as the language writes it; columns are `[name, type]`. */
export const flowSchema = (columns) => `{ ${columns.map(([n, t]) => `${n}: ${t}`).join(', ')} }`;

function convert(csv, columns, format, path) {
  const flow = `${path}.flow`;
  writeFileSync(
    flow,
    `from csv(${JSON.stringify(csv)}) as ${flowSchema(columns)}\n| write ${format}(${JSON.stringify(path)})\n`,
  );
  const done = spawnSync(process.execPath, [join(ROOT, 'dist/cli.js'), 'run', flow, '--quiet'], { encoding: 'utf8' });
  spawnSync('rm', ['-f', flow]);
  if (done.status !== 0) throw new Error(`cannot make ${path}: ${done.stderr || done.stdout}`);
}

/**
 * The files of a table in the formats named. `folder` stands for the parameters of the data; `lines()` gives the rows as CSV.
 * @returns {{columns: string[][], csv: string, parquet?: string, arrow?: string, ndjson?: string}}
 */
export function table({ folder, name, columns, lines }, formats) {
  const base = join(DATA, folder, name);
  const header = columns.map((c) => c[0]).join(',');
  const csv = once(`${base}.csv`, (path) => writeLines(path, header, lines()));
  const files = { columns, csv };
  for (const format of formats)
    if (format !== 'csv') files[format] = once(`${base}.${format}`, (path) => convert(csv, columns, format, path));
  return files;
}
