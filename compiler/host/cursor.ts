import { type Token, tokensOf } from './tokens.ts';

const CLOSES: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** A place in the tokens of a file. */
export class Cursor {
  readonly #tokens: readonly Token[];
  at = 0;

  constructor(source: string) {
    this.#tokens = tokensOf(source);
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.at + ahead, this.#tokens.length - 1)] as Token;
  }

  get done(): boolean {
    return this.peek().kind === 'end';
  }

  next(): Token {
    const token = this.peek();
    this.at = Math.min(this.at + 1, this.#tokens.length - 1);
    return token;
  }

  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.text === text && token.kind !== 'text';
  }

  /** Goes on if it is there. */
  take(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }

  name(): string | null {
    return this.peek().kind === 'name' ? this.next().text : null;
  }

  /** Over a bracket with all it holds, or one token. */
  skip(): void {
    const close = this.peek().kind === 'mark' ? CLOSES[this.peek().text] : undefined;
    this.next();
    if (close === undefined) return;
    while (!this.done && !this.is(close)) this.skip();
    this.next();
  }

  /** Over angle brackets with all they hold, if they are there. */
  skipAngles(): void {
    if (!this.take('<')) return;
    while (!this.done && !this.is('>')) {
      if (this.is('<')) this.skipAngles();
      else this.skip();
    }
    this.next();
  }

  /** To the next of these marks on this level. */
  skipTo(marks: readonly string[]): void {
    while (!this.done && !marks.some((mark) => this.is(mark))) this.skip();
  }

  /** What `read` gives, or null and back to where it was. */
  attempt<T>(read: () => T | null): T | null {
    const from = this.at;
    const made = read();
    if (made === null) this.at = from;
    return made;
  }
}
