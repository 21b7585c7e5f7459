import { Command, CommanderError, Option } from 'commander';
import { accessOptions, fileAccess } from './access.ts';
import type { ExplainFormat, OutFormat, ShuffleChoice } from './api.ts';
import { addParam, parseInteger, parseShare, withParamFile } from './args.ts';
import { bugReport } from './bug.ts';
import { type Context, processContext } from './context.ts';
import { defineExperiments } from './define_experiments.ts';
import { EXIT, UsageError } from './exit.ts';
import { help } from './help.ts';
import { parseSize } from './size.ts';
import { noUdf, udfOptions } from './udf.ts';
import { version } from './version.ts';

const OUT_FORMATS: readonly OutFormat[] = ['table', 'csv', 'ndjson', 'none'];
const SHUFFLES: readonly ShuffleChoice[] = ['auto', 'simple', 'push'];
const EXPLAIN_FORMATS: readonly ExplainFormat[] = ['text', 'mermaid', 'dot', 'json'];
const MAX_WORKERS = 256;
const MAX_PREVIEW_ROWS = 10_000;

type Settle = (code: Promise<number>) => Promise<void>;

const paramOption = () =>
  new Option('-p, --param <name=value>', "a value for one of the file's parameters").argParser(addParam);

const paramsOption = () => new Option('--params <file>', 'a JSON file of values for parameters; -p goes before it');

const gathered = (value: string, before: readonly string[] | undefined) => [...(before ?? []), value];

function runOptions(command: Command): Command {
  return accessOptions(udfOptions(command))
    .argument('<file>', 'a .flow file, or - for standard input')
    .addOption(paramOption())
    .addOption(paramsOption())
    .option('--workers <n>', 'worker threads (default: by the machine and the data)', (text) =>
      parseInteger(text, '--workers', 1, MAX_WORKERS),
    )
    .option('--memory <size>', 'memory the run may hold, such as 64MB or 1.5GiB; beyond it, it spills', (text) =>
      parseSize(text, '--memory'),
    )
    .option('--spill-dir <dir>', 'folder to spill to, may be given more than once', gathered)
    .option('--spill-to <place>', 'as --spill-dir, for places such as s3://bucket/prefix', gathered)
    .option(
      '--spill-threshold <share>',
      'share of the memory from which on it spills ahead of need (default: 0.8)',
      (text) => parseShare(text, '--spill-threshold'),
    )
    .option('--spill-cap <size>', 'what spill files may take (default: no cap)', (text) =>
      parseSize(text, '--spill-cap'),
    )
    .option('--no-spill', 'do not spill: what does not fit into memory fails')
    .addOption(
      new Option('--shuffle <how>', 'how rows are gathered by key (default: by their sizes)').choices(SHUFFLES),
    )
    .addOption(
      new Option('--out <format>', 'how a pipeline without `write` prints').choices(OUT_FORMATS).default('table'),
    )
    .option('--rows <n>', 'rows of a printed table (default: 20)', (text) =>
      parseInteger(text, '--rows', 1, MAX_PREVIEW_ROWS),
    )
    .option('--stats', 'print what was spilled, by step, memory by owner and counts of tasks')
    .option('--trace <file>', 'write what ran when to a file, for Perfetto or chrome://tracing')
    .option('--json', 'progress, results and summary as JSON, a line each')
    .option('--progress', 'show progress even where there is no terminal')
    .option('--no-progress', 'show no progress')
    .option('-q, --quiet', 'print nothing but results and errors')
    .option('--dry-run', 'read schemas and plan, run nothing: print what would be read and written');
}

function defineReaders(program: Command, context: Context, settle: Settle): void {
  fileAccess(program.command('check'))
    .description('report the errors of .flow files without running them')
    .argument('<files...>', '.flow files, or - for standard input')
    .addOption(paramOption())
    .addOption(paramsOption())
    .addOption(noUdf())
    .option('--lint', 'also warn of what is likely not meant or of no use; exit with 1 when there is a warning')
    .option('-q, --quiet', 'print nothing but errors and warnings')
    .action((files, options) =>
      settle(import('./commands/check.ts').then(({ check }) => check(files, withParamFile(options), context))),
    );
  fileAccess(program.command('schema'))
    .description('print the columns of a data file, or of every relation of a .flow file, as schema statements')
    .argument('<file>', 'a data file, - for standard input, or a .flow file')
    .addOption(paramOption())
    .addOption(paramsOption())
    .addOption(noUdf())
    .option('--format <format>', 'the format of a data file (default: by its ending)')
    .option('--with <options>', 'options of the format, as in a flow: \'delimiter: ";"\'')
    .option('--json', 'as JSON')
    .action((file, options) =>
      settle(import('./commands/schema.ts').then(({ schema }) => schema(file, withParamFile(options), context))),
    );
  program
    .command('docs')
    .description('explain a verb, a function, an aggregate, a format or an algorithm')
    .argument('[name]', 'its name, or a family of functions such as string; without it, everything is listed')
    .option('--json', 'as JSON')
    .action((name, options) => settle(import('./commands/docs.ts').then(({ docs }) => docs(name, options, context))));
  program
    .command('new')
    .description('make a folder with a small project: a flow, its data, its twin in TypeScript, a test')
    .argument('<folder>', 'the folder to make; its name is that of the project')
    .action((folder) => settle(import('./commands/new.ts').then(({ newProject }) => newProject(folder, context))));
}

function defineCommands(program: Command, context: Context, settle: Settle): void {
  runOptions(program.command('run').description('run a .flow file')).action((file, options) =>
    settle(import('./commands/run.ts').then(({ run }) => run(file, withParamFile(options), context))),
  );
  defineReaders(program, context, settle);
  fileAccess(program.command('explain'))
    .description('show the logical plan, the optimized plan with the rules that fired, and the task graph')
    .argument('<file>', 'a .flow file, or - for standard input')
    .addOption(paramOption())
    .addOption(paramsOption())
    .addOption(noUdf())
    .addOption(new Option('--format <format>', 'how to print it').choices(EXPLAIN_FORMATS).default('text'))
    .addOption(
      new Option('--kernels', 'show instead which expressions run as WebAssembly, and why not the others').conflicts(
        'format',
      ),
    )
    .action((file, options) =>
      settle(import('./commands/explain.ts').then(({ explain }) => explain(file, withParamFile(options), context))),
    );
  program
    .command('fmt')
    .description('format .flow files in place; - formats standard input to standard output')
    .argument('<files...>', '.flow files, or -')
    .option('--check', 'change nothing; list the files that are not formatted and exit with 1')
    .action((files, options) => settle(import('./commands/fmt.ts').then(({ fmt }) => fmt(files, options, context))));
  program
    .command('explain-error')
    .description('explain an error code')
    .argument('[code]', 'a code as it stands in an error, such as FLOW2001; without it, all codes are listed')
    .action((code) =>
      settle(import('./commands/explain-error.ts').then(({ explainError }) => explainError(code, context))),
    );
  defineExperiments(program, context, settle);
}

function makeProgram(context: Context, settle: Settle): Command {
  const program = new Command('flowc')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: () => {},
      outputError: () => {},
    })
    .version(version, '-V, --version')
    .helpCommand('help [command]', 'show the options of a command');
  program.helpInformation = () => help;
  defineCommands(program, context, settle);
  return program;
}

/**
 * The command line after the fast path of main.ts.
 * @returns the exit code; everything that goes wrong has been printed
 */
export async function main(args: readonly string[], context: Context = processContext()): Promise<number> {
  let code: number = EXIT.done;
  try {
    await makeProgram(context, async (outcome) => {
      code = await outcome;
    }).parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return reportFailure(error, args, context);
  }
}

async function reportFailure(error: unknown, args: readonly string[], context: Context): Promise<number> {
  const { bold, green, red } = context.stderrStyle;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.done;
    const message = error.code === 'commander.help' ? help : `${usageMessage(error, args)}\n`;
    await context.stderr.write(
      message.replace(/^error:/, red(bold('error:'))).replace(/^ {2}help:/m, `  ${green('help:')}`),
    );
    return EXIT.rejected;
  }
  if (error instanceof UsageError) {
    const hint = error.hint === undefined ? '' : `  ${green('help:')} ${error.hint}\n`;
    await context.stderr.write(`${red(bold('error:'))} ${error.message}\n${hint}`);
    return EXIT.rejected;
  }
  await context.stderr.write(bugReport(error));
  return EXIT.failed;
}

/** Commander's message, with its near misses, and where to read on. */
function usageMessage(error: CommanderError, args: readonly string[]): string {
  const [first = ''] = args;
  if (error.code === 'commander.unknownCommand' && first.endsWith('.flow')) {
    return `error: '${first}' is not a command\n  help: to run the file: flowc run ${args.join(' ')}`;
  }
  const message = error.message.replace(/\n\(Did you mean (.*)\?\)$/, '\n  help: did you mean $1?');
  const command = /^[a-z-]+$/.test(first) && error.code !== 'commander.unknownCommand' ? `${first} ` : '';
  return `${message}\n  help: flowc ${command}--help lists what there is`;
}
