#!/usr/bin/env node
// `--version` and `--help` answer before anything else is loaded: scripts and shells call them often.
import { runCached } from '../engine/runtime/code_cache.ts';
import { help } from './help.ts';
import { version } from './version.ts';

/** Of command.cjs; put in by the build. */
declare const COMMAND_BUILD: string;

/** V8 drops the code of functions that were not called for a while: after longer runs that of starting is gone. */
const LONG_RUN_MICROSECONDS = 5e6;

const args = process.argv.slice(2);
const only = args.length === 1 ? args[0] : undefined;

if (only === '--version' || only === '-V') {
  process.stdout.write(`${version}\n`);
} else if (only === '--help' || only === '-h' || only === 'help') {
  process.stdout.write(help);
} else {
  const role = args[0] === 'run' || args[0] === 'check' ? args[0] : 'other';
  const script = new URL('./command.cjs', import.meta.url);
  const { exports, keep } = runCached(script, COMMAND_BUILD, role, (specifier) => import(specifier));
  const { main, bugReport, EXIT } = exports as typeof import('./command.ts');
  if (keep !== null) process.on('exit', () => process.cpuUsage().user < LONG_RUN_MICROSECONDS && keep());
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
