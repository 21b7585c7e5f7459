// Runs samples through the built command, each in a folder of its own.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const command = join(root, 'dist/cli.js');

/** Names in samples/ with an ending, without it. */
function named(ending: string): string[] {
  const files = readdirSync(join(root, 'samples')).filter((file) => file.endsWith(ending));
  return files.map((file) => file.slice(0, file.length - ending.length)).sort();
}

export const samples = named('.flow');
export const twins = named('.ts');
export const expectedFolders = readdirSync(join(root, 'samples/expected')).sort();

export const dataIsThere = existsSync(join(root, 'node_modules/vega-datasets/data'));

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** What was written to out/, by name. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** What was left in the folder for spilling. */
  readonly spilled: readonly string[];
}

export interface Configuration {
  readonly workers: number;
  /** As `--memory` takes it; default: the command's own. */
  readonly memory?: string;
  readonly out: 'table' | 'ndjson';
}

/** A folder like a reader's: data paths are relative to it, and the data is a package that it has installed. */
function workFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'flowc-samples-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
  mkdirSync(join(folder, 'spill'));
  return folder;
}

function execute(folder: string, args: readonly string[], input = ''): { stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    input,
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
  });
  if (status !== 0) throw new Error(`${args.join(' ')} exited with ${status}\n${stderr}`);
  return { stdout, stderr };
}

function outcome(folder: string, printed: { stdout: string; stderr: string }): Outcome {
  const out = join(folder, 'out');
  const names = existsSync(out) ? readdirSync(out).sort() : [];
  const files = new Map(names.map((name) => [name, readFileSync(join(out, name))]));
  const spilled = readdirSync(join(folder, 'spill'));
  rmSync(folder, { recursive: true, force: true });
  return { ...printed, files, spilled };
}

/** Runs the built command in the project's folder. Error when it does not exit with 0. */
export function runCommand(args: readonly string[]): void {
  execute(root, [command, ...args]);
}

/** Runs `samples/<name>.flow` by the command. */
export function runSample(name: string, { workers, memory, out }: Configuration): Outcome {
  const folder = workFolder();
  const args = [command, 'run', join(root, `samples/${name}.flow`), '--workers', String(workers), '--out', out];
  if (memory !== undefined) args.push('--memory', memory);
  return outcome(folder, execute(folder, [...args, '--spill-dir', 'spill']));
}

/** Runs `samples/<name>.ts` as a program. */
export function runTwin(name: string): Outcome {
  const folder = workFolder();
  return outcome(folder, execute(folder, ['--import', 'tsx', join(root, `samples/${name}.ts`)]));
}

const HEAD = 30;

/** What an output is compared by: text as it is; of a binary format, its first rows as CSV, and how many there are with the hash of all. */
export function shown(name: string, bytes: Buffer): { name: string; text: string } {
  const format = { '.parquet': 'parquet', '.arrow': 'arrow' }[extname(name)];
  if (format === undefined) return { name, text: bytes.toString('utf8') };
  const folder = workFolder();
  try {
    writeFileSync(join(folder, name), bytes);
    const source = `from ${format}(${JSON.stringify(name)})`;
    const { stdout } = execute(folder, [command, 'run', '-', '--out', 'csv', '--quiet'], source);
    return { name: `${name}.txt`, text: digest(stdout) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of CSV without line breaks in its values. */
function digest(csv: string): string {
  const lines = csv.trimEnd().split('\n');
  const more = lines.length > HEAD + 1 ? '…\n' : '';
  const hash = createHash('sha256').update(csv).digest('hex');
  return `${lines.slice(0, HEAD + 1).join('\n')}\n${more}\n${lines.length - 1} rows, sha256 of all as CSV: ${hash}\n`;
}

/** Everything that a sample's run is compared by, by the name of the expected file. `rows.ndjson` is what `--out ndjson` prints. */
export function productsOf(table: string, rows: string, files: Outcome['files']): ReadonlyMap<string, string> {
  const products = new Map<string, string>();
  if (table !== '') products.set('stdout.txt', table);
  if (rows !== '') products.set('rows.ndjson', rows);
  for (const [file, bytes] of files) {
    const { name, text } = shown(file, bytes);
    products.set(name, text);
  }
  return products;
}

export const expectedFolder = (name: string): string => join(root, 'samples/expected', name);

/** The expected files of a sample, by name. */
export function expectedOf(name: string): ReadonlyMap<string, string> {
  const folder = expectedFolder(name);
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return new Map(names.map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
}
