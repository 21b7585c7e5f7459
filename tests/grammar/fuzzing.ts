// Spoils flows and looks at what the parser makes of them: never a crash, never a hang, every diagnostic with a place. For
// tests/grammar/fuzz.test.ts and bench/fuzz_parser.mjs.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import type { Node } from '../../grammar/ast.ts';
import { renderDiagnostic } from '../../grammar/frame.ts';
import { format, parse } from '../../grammar/index.ts';
import { tokenize } from '../../grammar/lexer.ts';
import { childrenOf } from '../../grammar/walk.ts';
import { examples, fragments } from './mutate.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A text of this size is read within a second on a busy machine; one that takes longer hangs. */
const HANG_MS = 5000;

/** The whole of what must hold for any text. Throws an assertion that says what does not. */
export function checkText(text: string): void {
  const started = performance.now();
  const { ast, comments, diagnostics } = parse(text, 'fuzz.flow');
  assert.ok(performance.now() - started < HANG_MS, 'it was read in time');
  for (const item of diagnostics) {
    assert.is(item.span.file, 'fuzz.flow');
    assert.ok(item.span.start >= 0 && item.span.start <= item.span.end && item.span.end <= text.length, item.message);
    assert.match(item.code, /^FLOW1[01]\d\d$/);
    assert.ok(item.message.length > 0 && !/undefined|\[object|NaN|-->/.test(item.message), item.message);
    const fix = item.suggestion?.span ?? item.span;
    assert.ok(fix.start >= 0 && fix.start <= fix.end && fix.end <= text.length, `the fix of ${item.code} has a place`);
    assert.ok(renderDiagnostic(item, { source: () => text }).includes('fuzz.flow:'));
  }
  for (const item of comments) assert.is(text.slice(item.span.start, item.span.end), item.text);
  checkSpans(ast, text);
  if (diagnostics.length === 0) {
    const once = format(text, 'fuzz.flow').text;
    assert.is.not(once, null);
    assert.is(format(once ?? '', 'fuzz.flow').text, once, 'formatting twice changes nothing');
  }
}

/** Every node's span is in the file, and holds those of its children. */
function checkSpans(node: Node, text: string): void {
  const { start, end } = node.span;
  assert.ok(start >= 0 && start <= end && end <= text.length, `span of ${node.kind}`);
  for (const child of childrenOf(node)) {
    const broken = child.kind === 'errorStatement' || child.kind === 'errorStep' || child.kind === 'errorExpr';
    assert.ok(broken || (start <= child.span.start && child.span.end <= end), `${child.kind} lies in ${node.kind}`);
    checkSpans(child, text);
  }
}

/** Every flow of the samples, of the documentation and of the tests. */
export function allFlows(): string[] {
  const texts = examples.map(({ text }) => text);
  for (const name of readdirSync(join(root, 'samples'))) {
    if (name.endsWith('.flow')) texts.push(readFileSync(join(root, 'samples', name), 'utf8'));
  }
  const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  for (const page of ['README.md', ...pages.map((name) => join('docs', name))]) {
    const markdown = readFileSync(join(root, page), 'utf8');
    for (const [, text = ''] of markdown.matchAll(/^```flow[^\n]*\n(.*?)^```/gms)) texts.push(text);
  }
  return texts.filter((text) => text.trim() !== '');
}

/** Numbers below 1, the same ones for a seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Makes spoiled texts: characters and tokens cut, doubled, swapped, overwritten, and pieces of one flow put into another. */
export function mutator(flows: readonly string[], next: () => number): () => string {
  const below = (n: number): number => Math.floor(next() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const tokens = (text: string) => tokenize(text, 'x').tokens;
  const edits: readonly ((text: string) => string)[] = [
    (text) => cut(text, below(text.length + 1), 1 + below(4), ''),
    (text) => cut(text, below(text.length + 1), below(3), pick(fragments)),
    (text) => cut(text, below(text.length + 1), 0, String.fromCharCode(below(next() < 0.9 ? 128 : 65_536))),
    (text) => text.slice(0, below(text.length + 1)),
    (text) => {
      const list = tokens(text);
      if (list.length === 0) return text;
      const token = pick(list);
      const other = next() < 0.5 ? '' : pick(list).image;
      return cut(text, token.startOffset, token.image.length, other);
    },
    (text) => {
      const list = tokens(text);
      if (list.length === 0) return text;
      const token = pick(list);
      return cut(text, token.startOffset, 0, `${token.image} `);
    },
    (text) => {
      const other = pick(flows);
      const from = below(other.length);
      return cut(text, below(text.length + 1), below(20), other.slice(from, from + below(60)));
    },
    (text) => {
      const lines = text.split('\n');
      const [a, b] = [below(lines.length), below(lines.length)];
      [lines[a], lines[b]] = [lines[b] ?? '', lines[a] ?? ''];
      return lines.join('\n');
    },
  ];
  return () => {
    let text = pick(flows);
    for (let n = 1 + below(4); n > 0; n--) text = pick(edits)(text);
    return text;
  };
}

function cut(text: string, at: number, length: number, insert: string): string {
  return text.slice(0, at) + insert + text.slice(at + length);
}
