import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { type CompileOptions, check, Engine, encodeRows, plan, type RunResult } from '../../index.ts';

/** Worker counts and memory limits under which the same flow must give the same bytes. */
export const CONFIGS = [
  { workers: 1, memory: 512 << 20 },
  { workers: 2, memory: 512 << 20 },
  { workers: 1, memory: 16 << 20 },
  { workers: 2, memory: 32 << 20 },
] as const;

export interface Outcome {
  /** CSV text of each pipeline without a sink. */
  readonly results: readonly string[];
  readonly run: RunResult;
}

const temps: string[] = [];
process.on('exit', () => {
  for (const t of temps) fs.rmSync(t, { recursive: true, force: true });
});

/** A folder of its own, removed when the test process ends. */
export function tempDir(): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'flowc-test-'));
  temps.push(dir);
  return dir;
}

/** Binds and runs a flow in this process; diagnostics are thrown as one error. */
export async function runFlow(
  text: string,
  config: { workers: number; memory: number },
  options: CompileOptions & { spillDir?: string } = {},
): Promise<Outcome> {
  const bound = await check(text, 'test.flow', options);
  if (bound.plan === null) {
    throw new Error(
      bound.diagnostics.map((d) => `${d.code} ${d.message} at ${text.slice(d.span.start, d.span.end)}`).join('\n'),
    );
  }
  const { physical } = await plan(bound.plan, options);
  const spillDir = options.spillDir ?? tempDir();
  const engine = new Engine({ ...config, spillDirs: [spillDir] });
  let outcome: Outcome;
  let left: string[];
  try {
    const run = await engine.run(physical);
    const results = run.results.map((r) => {
      // Copied one by one: a writer reuses its buffer.
      const parts: Buffer[] = [];
      for (const bytes of encodeRows(r.schema, r.batches(), 'csv')) parts.push(Buffer.from(bytes));
      const text = Buffer.concat(parts).toString('utf8');
      r.release();
      return text;
    });
    outcome = { results, run };
  } finally {
    await engine.close();
    left = fs.readdirSync(spillDir);
  }
  if (left.length > 0) throw new Error(`spill files are left behind: ${left.join(', ')}`);
  return outcome;
}

/** Runs under every configuration, and checks that all give the same bytes; returns the first one's. */
export async function runEverywhere(text: string, options: CompileOptions = {}): Promise<Outcome> {
  let first: Outcome | null = null;
  for (const config of CONFIGS) {
    const o = await runFlow(text, config, options);
    first ??= o;
    o.results.forEach((r, i) => {
      if (r !== first?.results[i])
        throw new Error(
          `workers ${config.workers}, memory ${config.memory}: result ${i} differs\n${difference(first?.results[i] ?? '', r)}`,
        );
    });
  }
  if (first === null) throw new Error('no configuration');
  return first;
}

/** The first line that differs. */
export function difference(a: string, b: string): string {
  const x = a.split('\n');
  const y = b.split('\n');
  const i = x.findIndex((line, k) => line !== y[k]);
  return `${x.length} and ${y.length} lines; line ${i + 1}:\n- ${x[i]}\n+ ${y[i]}`;
}

/** Rows of CSV text without quotes, as objects of text. */
export function rowsOfCsv(text: string): Record<string, string>[] {
  const [head, ...lines] = text
    .trimEnd()
    .split('\n')
    .map((l) => l.split(','));
  return lines.map((cells) => Object.fromEntries((head ?? []).map((h, i) => [h, cells[i] ?? ''])));
}

/** A generator of 32-bit numbers, the same for the same seed. */
export function random(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x9e3779b9) | 0;
    let t = a ^ (a >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return (t ^ (t >>> 15)) >>> 0;
  };
}
