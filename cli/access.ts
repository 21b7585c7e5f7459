import type { Command } from 'commander';
import type { AccessRules } from '../index.ts';

/** What the options say of the places that a flow may reach. */
export type AccessOptions = AccessRules;

const gathered = (value: string, before: readonly string[] | undefined) => [...(before ?? []), value];

/** `--allow-read` and `--allow-write`, for commands that open no connection. */
export function fileAccess(command: Command): Command {
  return command
    .option(
      '--allow-read <path>',
      'refuse flows that read outside of this folder, may be given more than once',
      gathered,
    )
    .option('--allow-write <path>', 'the same for what they write', gathered);
}

export function accessOptions(command: Command): Command {
  return fileAccess(command).option(
    '--allow-net <host>',
    'refuse to spill to other hosts, may be given more than once',
    gathered,
  );
}

/** The same as the library takes it. */
export function accessOf({ allowRead, allowWrite, allowNet }: AccessOptions): AccessRules {
  return {
    ...(allowRead === undefined ? {} : { allowRead }),
    ...(allowWrite === undefined ? {} : { allowWrite }),
    ...(allowNet === undefined ? {} : { allowNet }),
  };
}
