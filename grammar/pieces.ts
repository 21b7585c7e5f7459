/** Pieces to trees: runs one rule per piece, and makes steps of a pipeline's pieces. */
import { type CstNode, type IToken, tokenMatcher } from 'chevrotain';
import type { ErrorStep, Span, Step } from './ast.ts';
import { buildCallStep, buildStep } from './build_steps.ts';
import type { BuildContext } from './build_types.ts';
import { tokenSpan } from './cst.ts';
import { type Diagnostic, diagnostic } from './diagnostics.ts';
import { explainProblem, explainUnknownVerb, type Place, problemIndex } from './errors.ts';
import type { Piece } from './layout.ts';
import { tokenEnd } from './lexer.ts';
import { FlowParser, stepRules } from './parser.ts';
import { type Problem, ProblemCollector } from './problems.ts';
import { maxNesting, syntax } from './syntax_codes.ts';
import * as T from './tokens.ts';
import { isVerb } from './words.ts';

const collector = new ProblemCollector();
let cached: FlowParser | null = null;

function parser(): FlowParser {
  cached ??= new FlowParser(collector);
  return cached;
}

export type RuleName = {
  [R in keyof FlowParser]: R extends `${string}${'Step' | 'Head'}` | 'expression' ? R : never;
}[keyof FlowParser];

export class PieceReader {
  readonly #file: string;
  readonly #text: string;
  readonly #context: BuildContext;

  constructor(text: string, context: BuildContext) {
    this.#file = context.file;
    this.#text = text;
    this.#context = context;
  }

  #report(item: Diagnostic): void {
    this.#context.report(item);
  }

  #span(start: number, end: number): Span {
    return { file: this.#file, start, end };
  }

  /** Runs one rule. `cst` is set when the rule was complete, also when something follows it. */
  rule(name: RuleName, tokens: readonly IToken[]): { cst: CstNode | null; problem: Problem | 'depth' | null } {
    const rules = parser();
    collector.first = null;
    try {
      rules.input = [...tokens];
      const cst: CstNode | undefined = rules[name]();
      const problem = collector.problem();
      return { cst: problem === null || problem.kind === 'redundant' ? (cst ?? null) : null, problem };
    } catch (error) {
      // The nesting limit keeps within the usual stack; a caller deep in its own recursion can still run out of it.
      if (error instanceof RangeError) return { cst: null, problem: 'depth' };
      throw error;
    }
  }

  explain(problem: Problem | 'depth', place: Place): void {
    const first = place.tokens[0];
    if (problem !== 'depth') this.#report(explainProblem(problem, place));
    else if (first !== undefined)
      this.#report(diagnostic(syntax.tooDeep, { limit: maxNesting }, tokenSpan(first, this.#file)));
  }

  /** The steps of a pipeline; `extra` are tokens of its head that turned out to be a step without its `|`. */
  steps(pieces: readonly Piece[], extra: readonly IToken[]): Step[] {
    const steps = extra.length > 0 ? this.#step(extra, null) : [];
    for (const piece of pieces) {
      if (piece.broken) steps.push(this.#errorStep(piece.tokens, piece.pipe));
      else steps.push(...this.#step(piece.tokens, piece.pipe));
    }
    return steps;
  }

  #errorStep(tokens: readonly IToken[], pipe: IToken | null): ErrorStep {
    const first = tokens[0] ?? pipe;
    if (first === null) throw new Error('a step without a token');
    const span = this.#span(first.startOffset, tokenEnd(tokens[tokens.length - 1] ?? first));
    const named = tokens[0] !== undefined && tokenMatcher(tokens[0], T.Identifier);
    return { kind: 'errorStep', span, verbSpan: tokenSpan(first, this.#file), verb: named ? first.image : '' };
  }

  /** One piece, which is several steps where a `|` was forgotten. */
  #step(tokens: readonly IToken[], pipe: IToken | null): Step[] {
    const [first, second] = tokens;
    if (first === undefined) {
      if (pipe !== null) this.#report(diagnostic(syntax.emptyStep, {}, tokenSpan(pipe, this.#file)));
      return [];
    }
    const verb = first.tokenType !== T.QuotedName && isVerb(first.image) ? first.image : null;
    const call = verb === null && tokenMatcher(first, T.Identifier) && second?.tokenType === T.LParen;
    if (verb === null && !call) {
      this.#report(explainUnknownVerb(tokens, first, this.#file));
      return [this.#errorStep(tokens, pipe)];
    }
    const rule = verb === null ? 'callStep' : stepRules[verb];
    const { cst, problem } = this.rule(rule, tokens);
    if (problem === null && cst !== null) {
      const span = this.#span(first.startOffset, tokenEnd(tokens[tokens.length - 1] ?? first));
      return [verb === null ? buildCallStep(this.#context, cst, span) : buildStep(this.#context, verb, cst, span)];
    }
    if (problem !== null && problem !== 'depth' && problem.kind === 'redundant') {
      const extra = this.missingPipe(problem, tokens);
      if (extra !== null) {
        return [...this.#step(tokens.slice(0, tokens.length - extra.length), pipe), ...this.#step(extra, null)];
      }
    }
    if (problem !== null) {
      this.explain(problem, {
        file: this.#file,
        text: this.#text,
        tokens,
        word: first.image,
        what: 'step',
        end: tokenEnd(first),
      });
    }
    return [this.#errorStep(tokens, pipe)];
  }

  /** The tokens from a verb on that stands where the piece was complete; reports the missing `|`. */
  missingPipe(problem: Problem, tokens: readonly IToken[]): IToken[] | null {
    const i = problemIndex(problem, tokens);
    const token = tokens[i];
    if (i === 0 || token === undefined || token.tokenType === T.QuotedName || !isVerb(token.image)) return null;
    const span = tokenSpan(token, this.#file);
    this.#report(
      diagnostic(syntax.missingPipe, { verb: `\`${token.image}\`` }, span, {
        suggestion: { text: `write \`| ${token.image}\``, replacement: '| ', span: { ...span, end: span.start } },
      }),
    );
    return tokens.slice(i);
  }
}
