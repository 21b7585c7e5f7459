import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SECTIONS } from './sections.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const MARK = /^<!-- generated: (.+?) -->$/;
const END = '<!-- end generated -->';

export interface Page {
  /** Relative to the root. */
  readonly path: string;
  readonly text: string;
  /** The text with its generated parts made anew. */
  readonly current: string;
}

/** README.md and docs/*.md with their generated sections. Throws on an unknown section or a missing end mark. */
export async function pages(): Promise<Page[]> {
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const paths = ['README.md', 'CHANGELOG.md', ...docs.sort().map((name) => `docs/${name}`)];
  const out: Page[] = [];
  for (const path of paths) {
    const text = readFileSync(join(root, path), 'utf8');
    out.push({ path, text, current: await renew(path, text) });
  }
  return out;
}

async function renew(path: string, text: string): Promise<string> {
  const lines = text.split('\n');
  const out: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    out.push(line);
    const name = MARK.exec(line)?.[1];
    if (name === undefined) continue;
    const make = SECTIONS[name];
    const end = lines.indexOf(END, i);
    if (make === undefined) throw new Error(`${path}:${i + 1}: there is no generated section "${name}"`);
    if (end < 0) throw new Error(`${path}:${i + 1}: "${END}" is missing`);
    out.push('', await make(), '', END);
    i = end;
  }
  return out.join('\n');
}
