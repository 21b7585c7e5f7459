import { type Command, Option } from 'commander';
import { parseInteger, parseList } from './args.ts';
import type { Context } from './context.ts';
import { parseSize } from './size.ts';

const STRATEGIES = ['auto', 'simple', 'push'] as const;
const MAX_WORKERS = 256;
const MAX_PARTITIONS = 65_536;
const MAX_ROWS = 2 ** 46;

const size = (option: string) => (text: string) => parseSize(text, option);
const whole = (option: string, least: number, most: number) => (text: string) =>
  parseInteger(text, option, least, most);
const sizes = (option: string) => (text: string) => parseList(text, option, (item) => parseSize(item, option));
const gathered = (value: string, before: readonly string[] | undefined) => [...(before ?? []), value];

/** `flowc shuffle` and `flowc sort-bench`. */
export function defineExperiments(
  program: Command,
  context: Context,
  settle: (code: Promise<number>) => Promise<void>,
): void {
  const shuffle = program
    .command('shuffle')
    .description('shuffle made rows by the hash of their keys through a store of limited memory, and measure it')
    .option(
      '--partitions <n>',
      'map tasks, and reduce tasks (default: 50)',
      whole('--partitions', 1, MAX_PARTITIONS),
      50,
    )
    .option('--partition-size <size>', 'what a map task makes (default: 200MB)', size('--partition-size'), 200e6);
  common(shuffle)
    .option(
      '--in-flight <n>',
      'tasks submitted at a time (default: by workers and memory)',
      whole('--in-flight', 1, 1e6),
    )
    .option('--no-streaming', 'make partitions as a whole, and keep the reduced ones until the end')
    .option('--verify', 'check that every row arrives once, and in its partition')
    .option('--matrix', 'run a grid of memory limits, partition sizes and strategies; write a table and a plot')
    .option('--matrix-memory <sizes>', 'its memory limits (default: 256MB,1GB)', sizes('--matrix-memory'))
    .option('--matrix-sizes <sizes>', 'its partition sizes (default: 1MB,10MB,100MB)', sizes('--matrix-sizes'))
    .option('--matrix-total <size>', 'what each of its runs shuffles (default: 2GB)', size('--matrix-total'))
    .option('--out-dir <dir>', 'folder for the table and the plot (default: the current one)')
    .action((options) => settle(import('./commands/shuffle.ts').then((command) => command.shuffle(options, context))));
  const sort = program
    .command('sort-bench')
    .description('sort made rows of 16 bytes out of core, and check the result')
    .option('--size <size>', 'what is sorted (default: 10GB)', size('--size'))
    .option('--rows <n>', 'the same in rows', whole('--rows', 1, MAX_ROWS));
  common(sort).action((options) =>
    settle(import('./commands/sort-bench.ts').then((command) => command.sortBench(options, context))),
  );
}

function common(command: Command): Command {
  return command
    .option('--memory <size>', 'memory it may hold (default: 1GB)', size('--memory'), 1e9)
    .option('--workers <n>', 'worker threads (default: by the machine)', whole('--workers', 1, MAX_WORKERS))
    .addOption(
      new Option('--strategy <how>', 'how pieces get to their partitions (default: auto, by their size)')
        .choices(STRATEGIES)
        .default('auto'),
    )
    .option('--seed <n>', 'which rows are made (default: 1)', whole('--seed', 0, Number.MAX_SAFE_INTEGER), 1)
    .option('--spill-dir <dirs>', 'folders to spill to, with commas or given more than once', gathered)
    .option('--spill-to <place>', 'as --spill-dir, for places such as s3://bucket/prefix', gathered)
    .option('--spill-cap <size>', 'what spill files may take (default: no cap)', size('--spill-cap'))
    .option('--no-spill', 'do not spill: what does not fit into memory fails')
    .option('--json', 'progress and result as JSON, a line each')
    .option('--progress', 'show progress even where there is no terminal')
    .option('--no-progress', 'show no progress')
    .option('-q, --quiet', 'print only what was measured, and errors');
}
