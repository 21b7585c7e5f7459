import type { Context } from '../../cli/context.ts';
import { help } from '../../cli/help.ts';
import type { Output } from '../../cli/io.ts';
import { main } from '../../cli/program.ts';
import { styleFor } from '../../cli/style.ts';
import { fenced } from './markdown.ts';

/** What `flowc COMMAND --help` prints, as a block. */
export async function commandHelp(command: readonly string[]): Promise<string> {
  if (command.length === 0) return fenced('text', help);
  let text = '';
  const output: Output = {
    write: (chunk) => {
      text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
      return Promise.resolve();
    },
    closed: new AbortController().signal,
    isTTY: false,
    columns: undefined,
  };
  const style = styleFor({}, {});
  const context: Context = {
    stdout: output,
    stderr: output,
    stdoutStyle: style,
    stderrStyle: style,
    startEarly: () => {},
    loadApi: () => Promise.reject(new Error('help needs no library')),
  };
  await main([...command, '--help'], context);
  return fenced('text', text);
}
