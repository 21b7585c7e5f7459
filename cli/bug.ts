import { version } from './version.ts';

/** What the command prints when it fails for a reason that is not the user's: that it is ours, and what to report. */
export function bugReport(error: unknown): string {
  const stack =
    error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : `thrown: ${String(error)}`;
  const cause = error instanceof Error && error.cause !== undefined ? `\ncaused by: ${describe(error.cause)}` : '';
  return [
    'error: this is a bug in flowc, not in your file',
    'Please report it with the command, the .flow file if you can share it, and these lines:',
    '',
    `flowc ${version}, node ${process.version}, ${process.platform} ${process.arch}`,
    `${stack}${cause}`,
    '',
  ].join('\n');
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
