import { randomUUID } from 'node:crypto';
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Diagnostic } from '../../grammar/diagnostics.ts';
import { format } from '../../grammar/index.ts';
import type { Context } from '../context.ts';
import { diagnosticsText } from '../diagnostics.ts';
import { EXIT, UsageError } from '../exit.ts';
import { fileError, readSource, type SourceText } from '../io.ts';

export interface FmtOptions {
  readonly check?: true;
}

/**
 * Formats files in place; `-` alone goes from standard input to standard output. A file that does not parse is left as
 * it is, and the others are formatted all the same.
 * @returns the exit code: 1 when `--check` found a file that is not formatted, 2 when one does not parse
 */
export async function fmt(files: readonly string[], options: FmtOptions, context: Context): Promise<number> {
  if (files.length > 1 && files.includes('-')) throw new UsageError('- (standard input) stands alone');
  let code: number = EXIT.done;
  for (const file of files) {
    const source = readSource(file);
    const { text, diagnostics } = format(source.text, source.path);
    if (text === null) {
      await printErrors(diagnostics, source, context);
      code = EXIT.rejected;
    } else if (options.check) {
      if (text !== source.text) {
        await context.stdout.write(`${source.path}\n`);
        code = Math.max(code, EXIT.failed);
      }
    } else if (file === '-') {
      await context.stdout.write(text);
    } else if (text !== source.text) {
      replaceFile(file, text);
      await context.stderr.write(`formatted ${file}\n`);
    }
  }
  return code;
}

function printErrors(diagnostics: readonly Diagnostic[], source: SourceText, context: Context): Promise<void> {
  return context.stderr.write(diagnosticsText(diagnostics, source, context.stderrStyle));
}

/** The new text appears whole, or not at all: a full disk must not cost the user the file. */
function replaceFile(file: string, text: string): void {
  const temporary = join(dirname(file), `.${randomUUID()}.flow.tmp`);
  try {
    writeFileSync(temporary, text, { mode: statSync(file).mode });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileError(file, error, 'written');
  }
}
