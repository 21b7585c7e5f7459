#!/usr/bin/env node
// `--version` and `--help` answer before anything else is loaded: scripts and shells call them often.
import * as nodeModule from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { help } from './help.ts';
import { version } from './version.ts';

const args = process.argv.slice(2);
const only = args.length === 1 ? args[0] : undefined;

if (only === '--version' || only === '-V') {
  process.stdout.write(`${version}\n`);
} else if (only === '--help' || only === '-h' || only === 'help') {
  process.stdout.write(help);
} else {
  // From Node.js 22 on compiled code is kept from run to run, in a folder of the user's own: what lies there is executed. NODE_DISABLE_COMPILE_CACHE=1 prevents it.
  const { enableCompileCache } = nodeModule as { enableCompileCache?: (folder: string) => unknown };
  enableCompileCache?.(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'flowc'));
  const [{ main }, { bugReport }, { EXIT }] = await Promise.all([
    import('./program.ts'),
    import('./bug.ts'),
    import('./exit.ts'),
  ]);
  process.on('uncaughtException', (error) => {
    process.stderr.write(bugReport(error));
    process.exit(1);
  });
  // A run ends itself in order, and so does an experiment; any other command goes at once, but not without its exit handlers: they remove the copy of standard input.
  if (!['run', 'shuffle', 'sort-bench'].includes(args[0] ?? '')) {
    process.on('SIGINT', () => process.exit(EXIT.interrupted));
    for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(EXIT.terminated));
  }
  const code = await main(args);
  // After a signal nothing is waited for: a reader that takes no output would keep the process alive.
  if (code > 128) process.exit(code);
  process.exitCode = code;
}
