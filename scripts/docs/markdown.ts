// Markdown in small: what the generated parts of the documentation are made of.

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Inline code, whatever backticks the text holds. */
export function code(text: string): string {
  if (!text.includes('`')) return `\`${text}\``;
  const longest = Math.max(...[...text.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence} ${text} ${fence}`;
}

export function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trim()}\n\`\`\``;
}

/** The anchor that a heading gets. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** Plain text with code between backticks, as markdown: what markdown would take for its own is escaped. */
export function prose(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, i) => (i % 2 === 1 ? part : part.replaceAll('<', '&lt;').replace(/[*[\]]/g, '\\$&')))
    .join('');
}

/** `text` with the lines of an explanation page as markdown: what is indented by four blanks is code already. */
export function page(text: string): string {
  const out: string[] = [];
  let code: string[] = [];
  const flush = (): void => {
    while (code.at(-1) === '') code.pop();
    if (code.length > 0) out.push('```text', ...code, '```', '');
    code = [];
  };
  for (const line of text.trim().split('\n')) {
    if (line.startsWith('    ') || (line === '' && code.length > 0)) code.push(line.slice(4));
    else {
      flush();
      out.push(prose(line));
    }
  }
  flush();
  return out.join('\n').trim();
}
