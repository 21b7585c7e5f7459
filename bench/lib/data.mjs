// Inputs for the benchmarks, made once under bench/data from the real flights of vega-datasets.

import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const DATA = fileURLToPath(new URL('../data/', import.meta.url));
export const FLIGHTS = `${ROOT}node_modules/vega-datasets/data/flights-3m.parquet`;

/**
 * At least `gigabytes` GB of CSV: the flights, repeated with their dates moved by a year each time and a row number, so that neither dictionaries nor
 * sorted runs get it for free. Returns the path.
 */
export async function flightsCsv(gigabytes) {
  mkdirSync(DATA, { recursive: true });
  const path = `${DATA}flights-${gigabytes}g.csv`;
  if (existsSync(path)) return path;
  const db = await (await DuckDBInstance.create(':memory:')).connect();
  const part = `${DATA}part.csv`;
  await db.run(
    `copy (select row_number() over () - 1 as id, date, delay, distance, origin, destination from '${FLIGHTS}') to '${part}' (header false)`,
  );
  const copies = Math.ceil((gigabytes * 1e9) / statSync(part).size);
  const out = createWriteStream(`${path}.tmp`);
  out.write('id,date,delay,distance,origin,destination\n');
  out.end();
  await once(out, 'close');
  for (let k = 0; k < copies; k++) {
    await db.run(
      `copy (select (row_number() over () - 1) * ${copies} + ${k} as id, date + interval ${k} year as date, delay, distance, origin, destination from '${FLIGHTS}') to '${part}' (header false)`,
    );
    await append(part, `${path}.tmp`);
  }
  renameSync(`${path}.tmp`, path);
  return path;
}

async function append(from, to) {
  const { createReadStream } = await import('node:fs');
  const { pipeline } = await import('node:stream/promises');
  await pipeline(createReadStream(from, { highWaterMark: 1 << 20 }), createWriteStream(to, { flags: 'a' }));
}
