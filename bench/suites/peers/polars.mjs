// nodejs-polars: lazy frames over the files, or data frames that are read before the clock starts.
import { createRequire } from 'node:module';

function scan(pl, files, input) {
  if (input === 'ndjson') return pl.scanJson(files.ndjson);
  if (input !== 'csv') return pl.scanParquet(files.parquet);
  const types = { int: pl.Int64, float: pl.Float64, string: pl.Utf8, bool: pl.Bool, date: pl.Date };
  const schema = Object.fromEntries(files.columns.map(([n, t]) => [n, types[t.replace('?', '')]]));
  return pl.scanCSV(files.csv, { schema });
}

/** Decimals do not come to JavaScript as they are. */
function rowsOf(pl, frame) {
  const decimals = Object.entries(frame.schema).filter(([, type]) => String(type.variant) === 'Decimal');
  if (decimals.length === 0) return frame.rows();
  return frame.withColumns(...decimals.map(([name]) => pl.col(name).cast(pl.Float64))).rows();
}

export async function open(job, { polars }) {
  process.env.POLARS_MAX_THREADS = String(job.threads);
  const pl = (await import('nodejs-polars')).default;
  const started = performance.now();
  const frames = {};
  for (const [name, files] of Object.entries(job.tables)) {
    frames[name] = scan(pl, files, job.input);
    if (job.input === 'memory') frames[name] = (await frames[name].collect()).lazy();
  }
  return {
    version: createRequire(import.meta.url)('nodejs-polars/package.json').version,
    loadMs: job.input === 'memory' ? performance.now() - started : 0,
    async run() {
      const result = await polars(pl, frames, job.out);
      // An error of its SQL comes inside the frame.
      if (result?._ldf instanceof Error) throw result._ldf;
      return result === undefined ? [] : rowsOf(pl, await result.collect());
    },
    figures: () => ({}),
    close() {},
  };
}
