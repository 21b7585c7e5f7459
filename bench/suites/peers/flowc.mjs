// flowc: the built library, with an engine that is kept from run to run.
import { readFileSync } from 'node:fs';
import { flowSchema } from '../lib/files.mjs';

/** How a flow names a table. In memory is as near as flowc gets: an Arrow file, which it maps without decoding. */
export function source(files, input) {
  const path = JSON.stringify(files[input === 'memory' ? 'arrow' : input]);
  if (input === 'csv' || input === 'ndjson') return `${input}(${path}) as ${flowSchema(files.columns)}`;
  return input === 'memory' ? `arrow(${path})` : `${input}(${path})`;
}

export async function open(job, { flowc }) {
  const { Engine, runText } = await import('../../../dist/index.js');
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  const { threads: workers, memory, spillDir } = job;
  const engine = new Engine({ workers, ...(memory ? { memory } : {}), ...(spillDir ? { spillDirs: [spillDir] } : {}) });
  const sources = Object.fromEntries(Object.entries(job.tables).map(([n, f]) => [n, source(f, job.input)]));
  const started = performance.now();
  const loaded = await flowc.load?.(engine, job);
  const loadMs = flowc.load ? performance.now() - started : 0;
  let spilled = 0;
  return {
    version,
    loadMs,
    async run() {
      if (flowc.run) return flowc.run(engine, loaded);
      const result = await runText(flowc(sources, job.out), { engine });
      spilled = result.spilledBytes;
      return (result.results[0]?.rows ?? []).map((row) => Object.values(row));
    },
    figures: () => ({ spilled }),
    close: () => engine.close(),
  };
}
