/**
 * Tokens to pieces: splits a file into statements, a statement into its head and its steps, and folds every
 * pipeline in parentheses into one token. Each piece is then parsed by itself, which is what makes recovery exact:
 * an error ends with its step. Statement words are reserved, so a valid file has only one division.
 */
import { createTokenInstance, type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import type { Span } from './ast.ts';
import { type Diagnostic, diagnostic } from './diagnostics.ts';
import { retype, tokenEnd } from './lexer.ts';
import { maxNesting, syntax } from './syntax_codes.ts';
import * as T from './tokens.ts';
import { isVerb } from './words.ts';

export interface Piece {
  readonly tokens: IToken[];
  /** A diagnostic about this piece has been given already: do not parse it. */
  broken: boolean;
  /** The `|` before a step; null for a head. */
  readonly pipe: IToken | null;
}

export interface PipelineLayout {
  readonly head: Piece;
  readonly steps: Piece[];
  /** Offsets; of the parentheses where there are some. */
  readonly start: number;
  end: number;
}

export interface FileLayout {
  readonly statements: readonly PipelineLayout[];
  /** What every `Subpipeline` token stands for. */
  readonly folded: ReadonlyMap<IToken, PipelineLayout>;
  readonly diagnostics: readonly Diagnostic[];
}

interface Frame {
  /** The bracket that opened it; null at the bottom. */
  readonly open: IToken | null;
  /** Set where the frame is a pipeline: a statement, or a pipeline in parentheses. */
  readonly pipeline: PipelineLayout | null;
}

const closing: ReadonlyMap<TokenType, TokenType> = new Map([
  [T.LParen, T.RParen],
  [T.LBracket, T.RBracket],
  [T.LBrace, T.RBrace],
]);
const closers: ReadonlySet<TokenType> = new Set(closing.values());

/** `text` is the whole file; `broken` are the tokens with a lexical error. */
export function layout(tokens: readonly IToken[], text: string, file: string, broken: ReadonlySet<IToken>): FileLayout {
  const builder = new LayoutBuilder(tokens, text, file, broken);
  builder.run();
  return { statements: builder.statements, folded: builder.folded, diagnostics: builder.diagnostics };
}

class LayoutBuilder {
  readonly statements: PipelineLayout[] = [];
  readonly folded = new Map<IToken, PipelineLayout>();
  readonly diagnostics: Diagnostic[] = [];
  readonly #tokens: readonly IToken[];
  readonly #text: string;
  readonly #file: string;
  readonly #broken: ReadonlySet<IToken>;
  #stack: Frame[] = [];
  /** Brackets that were opened beyond the limit and are not closed yet; what they hold is left out. */
  #beyond = 0;
  #cases = 0;
  #angles = 0;

  constructor(tokens: readonly IToken[], text: string, file: string, broken: ReadonlySet<IToken>) {
    this.#tokens = tokens;
    this.#text = text;
    this.#file = file;
    this.#broken = broken;
  }

  run(): void {
    this.#tokens.forEach((token, i) => {
      if (this.#stack.length === 0 || this.#startsStatement(token, i)) this.#newStatement(token);
      if (this.#beyond > 0) this.#leaveOut(token);
      else this.#place(token, i);
    });
    this.#closeAll();
  }

  #place(token: IToken, i: number): void {
    const type = token.tokenType;
    if (closing.has(type)) this.#open(token, i);
    else if (closers.has(type)) this.#close(token);
    else if (type === T.Pipe) this.#pipe(token, i);
    else {
      this.#countDepth(token, i);
      this.#append(token);
    }
  }

  #span(start: number, end: number): Span {
    return { file: this.#file, start, end };
  }

  #spanOf(token: IToken): Span {
    return this.#span(token.startOffset, tokenEnd(token));
  }

  get #pipeline(): PipelineLayout {
    for (let i = this.#stack.length - 1; i >= 0; i--) {
      const found = this.#stack[i]?.pipeline;
      if (found) return found;
    }
    throw new Error('no statement is open');
  }

  get #piece(): Piece {
    const { head, steps } = this.#pipeline;
    return steps[steps.length - 1] ?? head;
  }

  #append(token: IToken): void {
    const piece = this.#piece;
    piece.tokens.push(token);
    if (this.#broken.has(token)) piece.broken = true;
    this.#pipeline.end = tokenEnd(token);
  }

  #newStatement(token: IToken): void {
    this.#closeAll();
    const pipeline = emptyPipeline(token.startOffset);
    this.statements.push(pipeline);
    this.#stack = [{ open: null, pipeline }];
    this.#beyond = 0;
    this.#cases = 0;
    this.#angles = 0;
  }

  #open(token: IToken, i: number): void {
    if (this.#stack.length + this.#cases + this.#angles > maxNesting) {
      this.#tooDeep(token);
      this.#beyond = 1;
      return;
    }
    if (token.tokenType === T.LParen && this.#opensPipeline(i)) {
      this.#stack.push({ open: token, pipeline: emptyPipeline(token.startOffset) });
    } else {
      this.#append(token);
      this.#stack.push({ open: token, pipeline: null });
    }
  }

  /** `(from …`, `(sql …`, and `(name |`, where `from` was forgotten. */
  #opensPipeline(i: number): boolean {
    const next = this.#tokens[i + 1];
    if (next === undefined) return false;
    if (next.tokenType === T.K.from || next.tokenType === T.K.sql) return true;
    return (
      tokenMatcher(next, T.Identifier) &&
      this.#tokens[i + 2]?.tokenType === T.Pipe &&
      isVerb(this.#tokens[i + 3]?.image ?? '')
    );
  }

  #close(token: IToken): void {
    const at = this.#stack.findLastIndex(
      (frame) => frame.open !== null && closing.get(frame.open.tokenType) === token.tokenType,
    );
    if (at === -1) {
      if (!this.#piece.broken) {
        this.diagnostics.push(
          diagnostic(syntax.strayBracket, { bracket: `\`${token.image}\`` }, this.#spanOf(token), {
            suggestion: { text: 'remove it, or open it before', replacement: '' },
          }),
        );
      }
      this.#piece.broken = true;
      return;
    }
    this.#closeTo(at + 1);
    this.#pop(token);
  }

  /** Closes the innermost bracket with `token`. */
  #pop(token: IToken | null): void {
    const frame = this.#stack.pop();
    if (frame === undefined || frame.open === null) throw new Error('the bottom frame cannot be closed');
    if (frame.pipeline === null) {
      if (token !== null) this.#append(token);
      return;
    }
    const { start } = frame.pipeline;
    const end = token === null ? frame.pipeline.end : tokenEnd(token);
    frame.pipeline.end = end;
    const image = this.#text.slice(start, end);
    const folded = createTokenInstance(T.Subpipeline, image, start, end - 1, 0, 0, 0, 0);
    this.folded.set(folded, frame.pipeline);
    this.#append(folded);
  }

  /** Closes, as missing, all brackets above height `keep` of the stack. One report: the innermost. */
  #closeTo(keep: number): void {
    let reported = false;
    while (this.#stack.length > keep) {
      const open = this.#stack[this.#stack.length - 1]?.open;
      const piece = this.#piece;
      const wasBroken = piece.broken;
      this.#pop(null);
      if (!wasBroken && !reported && open) {
        reported = true;
        const close = closing.get(open.tokenType)?.name === 'RParen' ? ')' : open.image === '[' ? ']' : '}';
        this.diagnostics.push(
          diagnostic(
            syntax.unclosedBracket,
            { bracket: `\`${open.image}\``, closing: `\`${close}\`` },
            this.#spanOf(open),
          ),
        );
      }
      piece.broken = true;
      this.#piece.broken = true;
    }
  }

  #closeAll(): void {
    if (this.#stack.length > 0) this.#closeTo(1);
  }

  #pipe(token: IToken, i: number): void {
    const top = this.#stack[this.#stack.length - 1];
    if (top?.pipeline) {
      top.pipeline.steps.push({ tokens: [], broken: false, pipe: token });
      top.pipeline.end = tokenEnd(token);
      this.#cases = 0;
      this.#angles = 0;
      return;
    }
    if (isVerb(this.#tokens[i + 1]?.image ?? '')) {
      const keep = this.#stack.findLastIndex((frame) => frame.pipeline !== null);
      this.#closeTo(keep + 1);
      this.#pipe(token, i);
      return;
    }
    this.diagnostics.push(
      diagnostic(syntax.pipeInExpression, {}, this.#spanOf(token), {
        suggestion: { text: 'the logical operator is `or`', replacement: 'or' },
      }),
    );
    this.#append(retype(token, T.K.or));
  }

  /** `case … end` and `list<…` nest without brackets. */
  #countDepth(token: IToken, i: number): void {
    const type = token.tokenType;
    if (this.#tokens[i - 1]?.tokenType === T.Dot) return;
    if (type === T.K.case) this.#cases++;
    else if (type === T.K.end) this.#cases = Math.max(0, this.#cases - 1);
    else if (type === T.Less) {
      const before = this.#tokens[i - 1]?.tokenType;
      if (before === T.K.list || before === T.K.map) this.#angles++;
    } else if (type === T.Greater) this.#angles = Math.max(0, this.#angles - 1);
    else if (tokenMatcher(token, T.Reserved) || type === T.Int) this.#angles = 0;
    if ((this.#cases > 0 || this.#angles > 0) && this.#stack.length + this.#cases + this.#angles > maxNesting) {
      this.#tooDeep(token);
      this.#cases = 0;
      this.#angles = 0;
    }
  }

  #tooDeep(token: IToken): void {
    if (!this.#piece.broken) {
      this.diagnostics.push(diagnostic(syntax.tooDeep, { limit: maxNesting }, this.#spanOf(token)));
    }
    // Everything that holds the place is unreadable, up to the statement.
    for (const { pipeline } of this.#stack) {
      if (pipeline !== null) (pipeline.steps[pipeline.steps.length - 1] ?? pipeline.head).broken = true;
    }
  }

  #leaveOut(token: IToken): void {
    if (closing.has(token.tokenType)) this.#beyond++;
    else if (closers.has(token.tokenType)) this.#beyond--;
  }

  #startsStatement(token: IToken, i: number): boolean {
    const type = token.tokenType;
    if (!tokenMatcher(token, T.Reserved)) return false;
    const previous = this.#tokens[i - 1];
    if (previous === undefined || previous.tokenType === T.Dot) return false;
    const newLine = this.#text.slice(tokenEnd(previous), token.startOffset).includes('\n');
    const nested = this.#stack.length > 1 || this.#beyond > 0;
    if (type === T.K.from || type === T.K.sql) return this.#startsPipeline(type, previous, i, newLine, nested);
    const shape = this.#hasShape(type, i);
    return shape !== null && (nested ? shape && newLine : shape || newLine);
  }

  /** Whether the tokens behind a statement word look like that statement; null for other words. */
  #hasShape(type: TokenType, i: number): boolean | null {
    const [a, b] = [this.#tokens[i + 1], this.#tokens[i + 2]];
    const named = a !== undefined && tokenMatcher(a, T.Identifier);
    const block = a?.tokenType === T.LBrace;
    if (type === T.K.let) return (named && b?.tokenType === T.Assign) || block;
    if (type === T.K.fn) return named && b?.tokenType === T.LParen;
    if (type === T.K.param) return named && (b?.tokenType === T.Colon || b?.tokenType === T.Assign);
    if (type === T.K.schema) return named && b?.tokenType === T.LBrace;
    if (type === T.K.use || type === T.K.import) return block || a?.tokenType === T.PlainString;
    return null;
  }

  #startsPipeline(type: TokenType, previous: IToken, i: number, newLine: boolean, nested: boolean): boolean {
    const before = previous.tokenType;
    if (before === T.Assign || before === T.LParen || (before === T.FatArrow && !newLine)) return false;
    const field = this.#tokens[i - 2]?.tokenType === T.Dot;
    if (type === T.K.sql && before === T.K.from && !field) return false;
    const { head, steps } = this.#pipeline;
    const first = head.tokens[0]?.tokenType;
    const next = this.#tokens[i + 1]?.tokenType;
    if (
      !nested &&
      steps.length === 0 &&
      (first === T.K.use || first === T.K.import) &&
      !head.tokens.some((token) => token.tokenType === T.K.from) &&
      (next === T.PlainString || next === T.RawString || next === T.UnclosedString || !newLine)
    )
      return false;
    const complete = field || endsOperand(previous);
    return nested ? complete && newLine : complete || newLine || before === T.Comma;
  }
}

function emptyPipeline(start: number): PipelineLayout {
  return { head: { tokens: [], broken: false, pipe: null }, steps: [], start, end: start };
}

const operandEnds: ReadonlySet<TokenType> = new Set([
  T.PlainString,
  T.RawString,
  T.TripleString,
  T.FString,
  T.UnclosedString,
  T.UnclosedTriple,
  T.UnclosedName,
  T.UnclosedSingle,
  T.Timestamp,
  T.DateToken,
  T.Time,
  T.BadTemporal,
  T.Float,
  T.Int,
  T.Duration,
  T.BadNumber,
  T.Param,
  T.RParen,
  T.RBracket,
  T.RBrace,
  T.Star,
  T.Question,
  T.Greater,
  T.Pipe,
  T.K.null,
  T.K.true,
  T.K.false,
  T.K.end,
]);

/** Whether an expression, a type or a clause can end with this token. */
function endsOperand(token: IToken): boolean {
  return tokenMatcher(token, T.Identifier) || operandEnds.has(token.tokenType);
}
