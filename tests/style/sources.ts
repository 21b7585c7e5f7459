// Reads the project's own source for the style tests: which files there are, what they import, what is code in them.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The folders (and the one file) whose code is the product. */
export const PRODUCT = ['index.ts', 'grammar', 'compiler', 'engine', 'cli', 'scripts'];

/** What no one writes by hand; the same as in .gitignore. */
const GENERATED = new Set(['.git', 'node_modules', 'dist', 'coverage', 'out', '.flowc-spill', 'bench/data']);

/** Every file of the project, as sorted paths relative to the root. Walked, so that it works in an unpacked archive. */
export function projectFiles(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (GENERATED.has(entry.name) || GENERATED.has(path) || entry.name.endsWith('.log')) return [];
      if (entry.isDirectory()) return projectFiles(path);
      return entry.isFile() ? [path] : [];
    })
    .sort();
}

export const read = (file: string) => readFileSync(join(root, file), 'utf8');

export const isSource = (file: string) => /\.(ts|mjs)$/.test(file);

export const inFolders = (file: string, folders: readonly string[]) =>
  folders.some((folder) => file === folder || file.startsWith(`${folder}/`));

/**
 * `text` with the contents of comments, strings and regular expressions blanked out, offsets and line ends kept.
 * Quotes stay, so that a literal can be found in the masked text and read in the original.
 */
export function mask(text: string): string {
  const out = text.split('');
  const blank = (from: number, to: number) => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  let at = 0;
  const templates: number[] = [];
  let depth = 0;

  /** Blanks template text from `at` to its closing backtick or to `${`, whose code is scanned like any other. */
  const template = () => {
    const start = at;
    while (at < text.length && text[at] !== '`') {
      if (text[at] === '$' && text[at + 1] === '{') {
        blank(start, at);
        templates.push(depth);
        at += 2;
        return;
      }
      at += text[at] === '\\' ? 2 : 1;
    }
    blank(start, at);
    at++;
  };

  while (at < text.length) {
    const c = text[at] ?? '';
    const next = text[at + 1];
    if (c === '/' && (next === '/' || next === '*')) {
      const end = next === '/' ? text.indexOf('\n', at) : text.indexOf('*/', at) + 2;
      const stop = end <= 1 ? text.length : end;
      blank(at, stop);
      at = stop;
      continue;
    }
    if (c === "'" || c === '"') {
      const stop = literalEnd(text, at, c);
      blank(at + 1, stop - 1);
      at = stop;
    } else if (c === '`') {
      at++;
      template();
    } else if (c === '/' && startsRegex(out.slice(Math.max(0, at - 16), at).join(''))) {
      const stop = regexEnd(text, at);
      blank(at + 1, stop);
      at = stop + 1;
    } else if (c === '}' && templates.at(-1) === depth) {
      templates.pop();
      at++;
      template();
    } else {
      if (c === '{') depth++;
      if (c === '}') depth--;
      at++;
    }
  }
  return out.join('');
}

function literalEnd(text: string, start: number, quote: string): number {
  let at = start + 1;
  while (at < text.length && text[at] !== quote && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** A `/` begins a regular expression where a value may begin: not behind a name, a number or a closing bracket. */
function startsRegex(before: string): boolean {
  const code = before.trimEnd();
  return /\b(return|typeof|case|in|of|await|yield|else)$/.test(code) || !/[\w$)\]}'"`]$/.test(code);
}

function regexEnd(text: string, start: number): number {
  let inClass = false;
  for (let at = start + 1; at < text.length && text[at] !== '\n'; at++) {
    const c = text[at];
    if (c === '\\') at++;
    else if (c === '[') inClass = true;
    else if (c === ']') inClass = false;
    else if (c === '/' && !inClass) return at;
  }
  return start + 1;
}

/** Module specifiers of a source: `import`, `export … from`, `import()`, and types by `import('…')`. */
export function specifiers(text: string): string[] {
  const code = mask(text);
  const found: string[] = [];
  for (const match of code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])/g)) {
    const start = match.index + match[0].length;
    found.push(text.slice(start, code.indexOf(match[1] ?? '', start)));
  }
  return found;
}

/** Project files that `file` imports, relative to the root; packages are left out. */
export function localImports(file: string): string[] {
  return specifiers(read(file))
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.normalize(posix.join(posix.dirname(file), specifier)));
}

/** Packages that `file` imports, without the path inside them; Node's own modules are left out. */
export function packageImports(file: string): string[] {
  return specifiers(read(file))
    .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
    .map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
}
