// Runs the built command in a folder of its own, and checks what every failure has to leave: one error, no temporary file, no spill file, no stack.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';

export const COMMAND = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** No run of a test takes anything near this long: it stands for a hang. */
const HANG_MS = 60_000;

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** A folder with a spill directory `spill`, in which commands run. */
export class Place {
  readonly folder: string;
  readonly spill: string;
  readonly #mounts: string[] = [];

  constructor() {
    this.folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'flowc-faults-')));
    this.spill = path.join(this.folder, 'spill');
    fs.mkdirSync(this.spill);
    places.push(this);
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  write(name: string, content: string | Uint8Array): void {
    fs.writeFileSync(this.path(name), content);
  }

  read(name: string): string {
    return fs.readFileSync(this.path(name), 'utf8');
  }

  has(name: string): boolean {
    return fs.existsSync(this.path(name));
  }

  /** Starts `flowc run` on the text of a flow. */
  start(flow: string, args: readonly string[] = [], stdio: 'pipe' | 'ignore' = 'ignore'): Started {
    this.write('job.flow', flow);
    const spill = args.includes('--spill-dir') ? [] : ['--spill-dir', this.spill];
    const child = spawn(process.execPath, [COMMAND, 'run', 'job.flow', ...spill, ...args], {
      cwd: this.folder,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
      stdio: [stdio, 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout?.setEncoding('latin1').on('data', (chunk: string) => {
      out += chunk;
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      err += chunk;
    });
    const ended = new Promise<Ended>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`the run hangs: ${flow}\n${out.slice(0, 500)}\n${err}`));
      }, HANG_MS);
      child.on('close', (code) => {
        clearTimeout(timer);
        resolve({ code, out, err });
      });
    });
    return { child, ended };
  }

  run(flow: string, args: readonly string[] = []): Promise<Ended> {
    return this.start(flow, args).ended;
  }

  /** Runs what has to fail: exactly one error with this code, matching all of `says`, and nothing left behind. */
  async fails(
    code: number,
    error: string,
    flow: string,
    says: readonly RegExp[],
    args: readonly string[] = [],
  ): Promise<Ended> {
    const ended = await this.run(flow, args);
    const shown = `${flow}\n${ended.err}`;
    assert.is(ended.code, code, shown);
    assert.is(ended.out, '', shown);
    assert.equal(ended.err.match(/^(error|warning)\b[^:]*:/gm), [error === '' ? 'error:' : `error[${error}]:`], shown);
    for (const s of says) assert.match(ended.err, s);
    this.isClean(shown);
    return ended;
  }

  /** No stack trace in the text, no temporary output anywhere in the folder, nothing in the spill directory. */
  isClean(shown: string): void {
    assert.not.match(shown, /^\s+at .*[:(]\d+/m);
    assert.not.match(shown, /bug in flowc|node:internal|EngineBug/);
    assert.equal(this.leftovers(), []);
  }

  leftovers(): string[] {
    const all = fs.readdirSync(this.folder, { recursive: true }) as string[];
    return all.filter((f) => f.endsWith('.tmp') || /(^|\/)flowc-\d+-/.test(f));
  }

  /** Mounts a small file system of its own at `name`; false where that is not possible. */
  mount(name: string, options: string): boolean {
    const at = this.path(name);
    fs.mkdirSync(at);
    const done = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at], { stdio: 'ignore' });
    if (done.status !== 0) return false;
    this.#mounts.push(at);
    return true;
  }

  remove(): void {
    for (const at of this.#mounts) spawnSync('umount', ['-l', at], { stdio: 'ignore' });
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

const places: Place[] = [];
process.on('exit', () => {
  for (const p of places) p.remove();
});
// The runner ends a test that hangs by a signal; mounts go all the same.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** Resolves when `test` holds; fails after a while. */
export async function until(what: string, test: () => boolean): Promise<void> {
  for (let waited = 0; !test(); waited += 5) {
    if (waited > HANG_MS) throw new Error(`waited in vain for ${what}`);
    await new Promise((r) => setTimeout(r, 5));
  }
}

/** A CSV file of `rows` rows in no order: id, key, text. */
export function bigCsv(file: string, rows: number): void {
  const fd = fs.openSync(file, 'w');
  try {
    fs.writeSync(fd, 'id,k,s\n');
    const step = 20_000;
    for (let from = 0; from < rows; from += step) {
      const lines: string[] = [];
      for (let i = from; i < Math.min(rows, from + step); i++) {
        const k = Math.imul(i + 1, 0x9e3779b1) >>> 0;
        lines.push(`${i},${k},text of row ${i} and ${k.toString(36)}\n`);
      }
      fs.writeSync(fd, lines.join(''));
    }
  } finally {
    fs.closeSync(fd);
  }
}
