import type { DryRun, FileRequest, Outcome } from '../api.ts';
import type { Context } from '../context.ts';
import type { SourceText } from '../io.ts';
import { jsonEvents, reportProblems } from '../report.ts';
import { formatCount, formatSize } from '../size.ts';

/** Plans a run and says what it would read and write. Nothing runs, nothing is written. @returns the exit code */
export async function dryRun(request: FileRequest, options: { json?: true }, context: Context): Promise<number> {
  const api = await context.loadApi();
  const source: SourceText = request;
  const outcome: Outcome<DryRun> = await api.dryRun(request);
  if (options.json) return jsonEvents(outcome, source, context, 'plan');
  const code = await reportProblems(outcome, source, context);
  if (outcome.status === 'done') await context.stdout.write(dryRunText(outcome.value));
  return code;
}

const plural = (count: number, word: string) => `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`;

function dryRunText({ reads, writes, prints, stages }: DryRun): string {
  const lines = [
    ...reads.map((one) => {
      const size = one.bytes === null ? '' : `, ${formatSize(one.bytes)}`;
      const rows = one.rows === null ? '' : `, about ${plural(one.rows, 'row')}`;
      const columns = one.columns.map(({ name }) => name).join(', ');
      const some = one.columns.length === one.width ? '' : ` (${one.columns.length} of ${one.width} columns)`;
      const until = one.limit === null ? '' : `, until ${plural(one.limit, 'row')} are found`;
      const filter = one.filter === null ? '' : `\n    where it can skip: ${one.filter}`;
      const files = one.files === 1 ? '' : `, ${plural(one.files, 'file')}`;
      return `read ${one.format} "${one.path}"${files}${size}${rows}: ${columns || 'no column'}${some}${until}${filter}`;
    }),
    ...writes.map((one) => {
      const columns = one.columns.map(({ name, type }) => `${name} ${type}`).join(', ');
      return `write ${one.format} "${one.path}"${one.replaces ? ', replacing what is there' : ''}: ${columns}`;
    }),
    ...prints.map((columns) => `print ${columns.map(({ name, type }) => `${name} ${type}`).join(', ')}`),
  ];
  return `${lines.map((line) => `would ${line}\n`).join('')}nothing was run (${plural(stages, 'stage')} planned)\n`;
}
