/** Exit codes of the command. A run that a signal ends exits with 128 + the signal's number, as shells expect. */
export const EXIT = {
  done: 0,
  /** The run failed: data, disk, network, a user's function. Also a bug of ours. */
  failed: 1,
  /** The .flow file has an error, or the command line has. */
  rejected: 2,
  interrupted: 130,
  outputClosed: 141,
  terminated: 143,
} as const;

/** A mistake on the command line, or a .flow file that cannot be read: told in one line, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** What to do about it; printed on a line of its own. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
