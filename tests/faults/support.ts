import { type ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempDir } from '../e2e/harness.ts';

export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** A hang is a failure; nothing here takes this long. */
const HANG_MS = 60_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A working folder with a spill folder of its own. */
export class Place {
  readonly dir = tempDir();
  readonly spill = path.join(this.dir, 'spill');

  constructor() {
    fs.mkdirSync(this.spill);
  }

  file(name: string, content: string | Uint8Array): string {
    const full = path.join(this.dir, name);
    fs.writeFileSync(full, content);
    return full;
  }

  /** Starts `flowc run` on the text of a flow. */
  start(flow: string, args: readonly string[] = []): { child: ChildProcess; ended: Promise<Ended> } {
    this.file('job.flow', flow);
    const spill = args.includes('--spill-dir') ? [] : ['--spill-dir', this.spill];
    const child = spawn(process.execPath, [CLI, 'run', 'job.flow', ...spill, ...args], {
      cwd: this.dir,
    });
    return { child, ended: endOf(child) };
  }

  run(flow: string, args: readonly string[] = []): Promise<Ended> {
    return this.start(flow, args).ended;
  }

  /** Names in the folder that a run should not have left: temporary outputs, and anything in the spill folder. */
  leftovers(): string[] {
    const temps = fs
      .readdirSync(this.dir, { recursive: true })
      .map(String)
      .filter((f) => f.endsWith('.tmp'));
    return [...temps, ...fs.readdirSync(this.spill)];
  }
}

export function endOf(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the command hangs; so far it said: ${stderr}`));
    }, HANG_MS);
    child.stdout?.on('data', (d: Buffer) => {
      stdout += d.toString();
    });
    child.stderr?.on('data', (d: Buffer) => {
      stderr += d.toString();
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr });
    });
  });
}

/** Errors that were reported, by their code. */
export function codesIn(stderr: string): string[] {
  return [...stderr.matchAll(/error\[(FLOW\d{4})\]/g)].map((m) => m[1] as string);
}
