// Plain Node.js: streams of lines or of csv-parse, a loop and a Map; one thread. A program that somebody would write without an engine.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** The records of a file, as arrays of texts (CSV, without its header) or as objects (NDJSON). */
export async function* records(path, format) {
  const stream = createReadStream(path, { highWaterMark: 1 << 20 });
  if (format === 'csv') {
    const { parse } = await import('csv-parse');
    yield* stream.pipe(parse({ from_line: 2 }));
  } else for await (const line of createInterface({ input: stream })) yield JSON.parse(line);
}

export async function open(job, { streams }) {
  if (job.input === 'csv') await import('csv-parse');
  return {
    version: process.version,
    loadMs: 0,
    run: () => streams(job.tables, records),
    figures: () => ({}),
    close() {},
  };
}
