// Spoiled files, models, graphs and spill storage against their readers, for as long as one likes:
//   npm run fuzz -- [--minutes 1] [--seed N] [--target NAME]
// Without a target all take turns. A find (a crash, a hang, an error that is none of ours) is shown and its input kept in out/fuzz; the exit code is then 1. Put it into
// tests/fuzz/kept when it is mended: tests/fuzz runs what is there.
import { type ChildProcess, fork } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Fuzz } from './targets.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    target: { type: 'string' },
    child: { type: 'string' },
  },
});
/** No input takes near this long: it stands for a hang. */
const HANG_MS = 30_000;
/** Inputs of one target before the next has its turn. */
const TURN = 20;

interface Progress {
  readonly target: string;
  readonly seed: number;
  /** Why the input is a find; null: it is not. */
  readonly find: string | null;
}

/** Runs inputs and tells of each, until it is ended. */
async function child(dir: string): Promise<void> {
  const fuzz = await Fuzz.open(dir);
  const names = values.target === undefined ? [...fuzz.targets.keys()] : [values.target];
  for (let seed = Number(values.seed); ; seed++) {
    const name = names[Math.floor(seed / TURN) % names.length] as string;
    const target = fuzz.targets.get(name);
    if (target === undefined) throw new Error(`there is no target ${name}: ${[...fuzz.targets.keys()].join(', ')}`);
    const input = target.input(seed);
    writeFileSync(join(dir, 'current'), input);
    process.send?.({ target: name, seed, find: null } satisfies Progress);
    await target.run(input).catch((e: unknown) => {
      process.send?.({ target: name, seed, find: e instanceof Error ? String(e.stack) : String(e) } satisfies Progress);
    });
  }
}

/** Keeps the input that runs, and tells of it. */
function keep(dir: string, { target, seed, find }: Progress): void {
  mkdirSync('out/fuzz', { recursive: true });
  const place = join('out', 'fuzz', `${target}.${seed}`);
  if (existsSync(join(dir, 'current'))) copyFileSync(join(dir, 'current'), place);
  console.log(`${target}, seed ${seed}, kept as ${place}\n${find}\n`);
}

async function parent(): Promise<void> {
  const end = performance.now() + Number(values.minutes) * 60_000;
  let next = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  const counts = new Map<string, number>();
  let finds = 0;
  while (performance.now() < end) {
    const dir = mkdtempSync(join(tmpdir(), 'flowc-fuzz-'));
    const args = process.argv.slice(2).filter((one, i, all) => one !== '--seed' && all[i - 1] !== '--seed');
    const started = fork(fileURLToPath(import.meta.url), [...args, '--seed', String(next), '--child', dir], {
      execArgv: ['--import', 'tsx'],
      stdio: 'inherit',
    });
    const last = await watch(started, end, (one) => {
      if (one.find === null) counts.set(one.target, (counts.get(one.target) ?? 0) + 1);
      else {
        finds++;
        keep(dir, one);
      }
    });
    if (last !== null && last.find !== null) {
      finds++;
      keep(dir, last);
    }
    rmSync(dir, { recursive: true, force: true });
    if (last === null) break;
    next = last.seed + 1;
  }
  console.log(
    `${[...counts].map(([name, n]) => `${name} ${n}`).join(', ')}\n${finds} finds, from seed ${values.seed ?? 'of the clock'}`,
  );
  process.exitCode = finds > 0 ? 1 : 0;
}

/** Resolves when the time is over (null), or with what ended or hung the child. */
function watch(worker: ChildProcess, end: number, tell: (one: Progress) => void): Promise<Progress | null> {
  return new Promise((resolve) => {
    let last: Progress = { target: 'start', seed: 0, find: null };
    let at = performance.now();
    let hung = false;
    worker.on('message', (one) => {
      at = performance.now();
      last = one as Progress;
      tell(last);
    });
    const timer = setInterval(() => {
      hung = performance.now() - at > HANG_MS;
      if (hung || performance.now() > end) worker.kill('SIGKILL');
    }, 200);
    worker.on('exit', (code, signal) => {
      clearInterval(timer);
      if (performance.now() > end && !hung) resolve(null);
      else
        resolve({
          ...last,
          find: hung ? `it hangs for ${HANG_MS / 1000} s` : `the process ends with ${code ?? signal}`,
        });
    });
  });
}

await (values.child === undefined ? parent() : child(values.child));
