// Finds the fenced code blocks of the documentation. The first word behind the fence says what a block is, the others what
// a test does with it:
//
//   ```flow                     is run; everything it needs is there, and it gives no warning
//   ```flow -p name=value       is run with a parameter
//   ```flow check               is bound and type-checked only
//   ```flow error FLOW2002      must give this diagnostic or run error
//   ```flow warning FLOW3014    is run, and must give this warning
//   ```flow file=x.flow …       is kept under that name as well, for the commands below it
//   ```text output              what the block before it prints
//   ```csv file=x.csv           a data file (any language does): it is there for all blocks of its page
//   ```ts                       is type-checked and run
//   ```ts check                 is type-checked only
//   ```sh run [exit=N]          is run by the shell; N is the exit code of its last command
//
// A block of another language or without these words is text for the reader.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Block {
  /** The page, relative to the root. */
  readonly page: string;
  /** 1-based line of the fence. */
  readonly line: number;
  readonly language: string;
  /** The words behind the language. */
  readonly words: readonly string[];
  readonly text: string;
  /** 0-based lines of its text: from the one behind the fence to the closing fence. */
  readonly lines: readonly [from: number, to: number];
  /** The `text output` block that follows this one. */
  readonly output: Block | null;
}

/** README.md and docs/*.md, relative to the root. */
export function pages(): string[] {
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...docs.sort().map((name) => `docs/${name}`)];
}

/** The blocks of a page in its order. Throws when a fence is not closed. */
export function blocksOf(page: string, markdown = readFileSync(join(root, page), 'utf8')): Block[] {
  const found: Block[] = [];
  const lines = markdown.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const fence = /^( *)(`{3,})(.*)$/.exec(lines[i] ?? '');
    if (fence === null) continue;
    const [, indent = '', marks = '', info = ''] = fence;
    const end = lines.findIndex((line, at) => at > i && line.trim() === marks);
    if (end < 0) throw new Error(`${page}:${i + 1}: this block is not closed`);
    const text = lines.slice(i + 1, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    const [language = '', ...words] = info.trim().split(/\s+/);
    found.push({
      page,
      line: i + 1,
      language,
      words,
      text: text.map((one) => `${one}\n`).join(''),
      lines: [i + 1, end],
      output: null,
    });
    i = end;
  }
  return found.flatMap((block, i) => {
    if (isOutput(block)) return [];
    const next = found[i + 1];
    return [next !== undefined && isOutput(next) ? { ...block, output: next } : block];
  });
}

const isOutput = (block: Block): boolean => block.language === 'text' && block.words[0] === 'output';

/** The value of `name=value` among a block's words. */
export function wordOf(block: Block, name: string): string | null {
  return block.words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
}

export const placeOf = (block: Block): string => `${block.page}:${block.line}`;
