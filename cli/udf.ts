import { type Command, Option } from 'commander';
import { parseInteger } from './args.ts';
import { UsageError } from './exit.ts';

/** What the options say of functions of the host language. */
export interface UdfOptions {
  /** `--no-udf` */
  readonly udf?: boolean;
  readonly udfTimeout?: number;
  readonly udfConcurrency?: number;
}

const MAX_CONCURRENCY = 100_000;

/** `--no-udf` alone, for commands that call nothing. */
export function noUdf(): Option {
  return new Option('--no-udf', 'refuse flows that call functions of JavaScript or TypeScript (`use`)');
}

export function udfOptions(command: Command): Command {
  return command
    .addOption(noUdf())
    .option(
      '--udf-timeout <time>',
      'time that one call of such a function may take, such as 500ms, 10s or 2m',
      (text) => parseDuration(text, '--udf-timeout'),
    )
    .option('--udf-concurrency <n>', 'calls of an async function in flight on each worker (default: 64)', (text) =>
      parseInteger(text, '--udf-concurrency', 1, MAX_CONCURRENCY),
    );
}

/** The same as the compiler takes it. */
export function udfOf({
  udf,
  udfTimeout,
  udfConcurrency,
}: UdfOptions): { timeout?: number; concurrency?: number } | false {
  if (udf === false) return false;
  return {
    ...(udfTimeout === undefined ? {} : { timeout: udfTimeout }),
    ...(udfConcurrency === undefined ? {} : { concurrency: udfConcurrency }),
  };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds. @throws UsageError naming the option */
function parseDuration(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim());
  const ms = match === null ? 0 : Math.round(Number(match[1]) * (UNITS[match[2] as string] as number));
  if (ms >= 1) return ms;
  throw new UsageError(`${option}: '${text}' is not a time`, 'write a number and a unit, such as 500ms, 10s or 2m');
}
