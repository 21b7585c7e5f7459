// Runs the blocks of the documentation: flows in this process, over one engine; commands in processes of their own.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { diagnosticsText } from '../../cli/diagnostics.ts';
import { reportProblems, textReporter } from '../../cli/report.ts';
import { reportResults } from '../../cli/results.ts';
import { check, type Engine, plan, RunError } from '../../index.ts';
import { fakeContext } from '../cli/fakes.ts';
import { type Block, root, wordOf } from './blocks.ts';

const PREVIEW_ROWS = 20;

/** What a block did: what it printed for people, and the codes of what was wrong. */
export interface Outcome {
  readonly stdout: string;
  /** Diagnostics, warnings and run errors, as the command prints them. */
  readonly problems: string;
  readonly codes: readonly string[];
  readonly warnings: readonly string[];
}

/** A folder of a project that has flowc and the sample data installed, with the files that the blocks of one page define. */
export function pageFolder(blocks: readonly Block[]): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'flowc-docs-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/flowc'), 'dir');
  for (const name of ['vega-datasets', 'fast-check'])
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'dir');
  for (const block of blocks) {
    const file = wordOf(block, 'file');
    if (file === null) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), block.text);
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export function paramsOf(block: Block): Record<string, string> {
  const given = block.words.filter((_, i) => block.words[i - 1] === '-p').map((word) => word.split('='));
  return Object.fromEntries(given.map(([name = '', ...value]) => [name, value.join('=')]));
}

/** Runs a flow in the process's folder. */
export async function runFlow(engine: Engine, block: Block, checkOnly: boolean): Promise<Outcome> {
  const context = fakeContext();
  const path = wordOf(block, 'file') ?? 'example.flow';
  const source = { path, text: block.text };
  const bound = await check(block.text, path, { params: paramsOf(block) });
  const problems = diagnosticsText(bound.diagnostics, source, context.stderrStyle);
  const codes = bound.diagnostics.filter((d) => d.severity === 'error').map((d) => d.code);
  const warnings = bound.diagnostics.filter((d) => d.severity === 'warning').map((d) => d.code);
  if (bound.plan === null || checkOnly) return { stdout: '', problems, codes, warnings };
  const reporter = textReporter(context, { progress: undefined, quiet: true });
  const { signal } = new AbortController();
  const request = {
    ...source,
    params: new Map(),
    workers: undefined,
    memory: undefined,
    spillDirs: [],
    out: 'table',
    previewRows: PREVIEW_ROWS,
    signal,
  } as const;
  try {
    const { physical } = await plan(bound.plan, { resultLimit: PREVIEW_ROWS + 1 });
    const { results } = await engine.run(physical);
    await reportResults(results, request, reporter);
    return { stdout: context.stdout.text(), problems, codes, warnings };
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    const { code, message, where, hint } = error;
    await reportProblems({ status: 'failed', failure: { code, message, where, hint }, warnings: [] }, source, context);
    return { stdout: context.stdout.text(), problems: problems + context.stderr.text(), codes: [code], warnings };
  }
}

/** Runs a block by the shell in a folder, with `flowc` on the path. What it printed on both streams, without the line that tells time and memory. */
export function runCommands(block: Block, folder: string): { stdout: string; status: number | null } {
  const bin = join(folder, '.bin');
  mkdirSync(bin, { recursive: true });
  const command = `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'dist/cli.js')}" "$@"\n`;
  writeFileSync(join(bin, 'flowc'), command, { mode: 0o755 });
  const done = spawnSync('sh', ['-c', `exec 2>&1\n${block.text.replaceAll('npx flowc', 'flowc')}`], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}`, NO_COLOR: '1', FORCE_COLOR: undefined },
  });
  return { stdout: done.stdout.replace(/^read .* in .*, peak memory .*\n/m, ''), status: done.status };
}
