// Arquero: always over a table in memory, which is read from an Arrow file before the clock starts; one thread.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export async function open(job, { arquero }) {
  const aq = await import('arquero');
  const started = performance.now();
  const tables = {};
  for (const [name, files] of Object.entries(job.tables)) tables[name] = aq.fromArrow(readFileSync(files.arrow));
  return {
    version: createRequire(import.meta.url)('arquero/package.json').version,
    loadMs: performance.now() - started,
    run: async () => arquero(aq, tables),
    figures: () => ({}),
    close() {},
  };
}
