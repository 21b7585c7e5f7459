/** What chevrotain finds out of place, kept as data. */
import { EOF, type IParserErrorMessageProvider, type IToken, type TokenType } from 'chevrotain';

export interface Problem {
  /** `redundant`: the rule was complete and something follows. */
  readonly kind: 'unexpected' | 'redundant';
  readonly expected: readonly TokenType[];
  readonly found: IToken;
  readonly rule: string;
}

/** Takes the place of chevrotain's messages: keeps what the parser knows at its first error. */
export class ProblemCollector implements IParserErrorMessageProvider {
  first: Problem | null = null;

  /** The first problem since `first` was set to null. */
  problem(): Problem | null {
    return this.first;
  }

  #keep(problem: Problem): string {
    this.first ??= problem;
    return problem.rule;
  }

  buildMismatchTokenMessage(options: { expected: TokenType; actual: IToken; ruleName: string }): string {
    return this.#keep({
      kind: 'unexpected',
      expected: [options.expected],
      found: options.actual,
      rule: options.ruleName,
    });
  }

  buildNotAllInputParsedMessage(options: { firstRedundant: IToken; ruleName: string }): string {
    return this.#keep({ kind: 'redundant', expected: [], found: options.firstRedundant, rule: options.ruleName });
  }

  buildNoViableAltMessage(options: {
    expectedPathsPerAlt: TokenType[][][];
    actual: IToken[];
    ruleName: string;
  }): string {
    const [first] = options.actual;
    const paths = options.expectedPathsPerAlt.flat();
    const expected = paths.flatMap((path) => path.slice(0, 1));
    return this.#keep({ kind: 'unexpected', expected, found: first ?? noToken, rule: options.ruleName });
  }

  buildEarlyExitMessage(options: {
    expectedIterationPaths: TokenType[][];
    actual: IToken[];
    ruleName: string;
  }): string {
    const expected = options.expectedIterationPaths.flatMap((path) => path.slice(0, 1));
    return this.#keep({ kind: 'unexpected', expected, found: options.actual[0] ?? noToken, rule: options.ruleName });
  }
}

const noToken: IToken = { image: '', startOffset: 0, tokenType: EOF, tokenTypeIdx: EOF.tokenTypeIdx ?? 0 };
