/** What all rules share, and the grammar of types. */
import {
  type CstNode,
  CstParser,
  EOF,
  type ILookaheadStrategy,
  type IParserErrorMessageProvider,
  type ParserMethod,
  type TokenType,
  tokenMatcher,
} from 'chevrotain';
import { FirstTokenLookahead } from './lookahead.ts';
import * as T from './tokens.ts';

export type Rule = ParserMethod<unknown[], CstNode>;

const listEnds: ReadonlySet<TokenType> = new Set([EOF, T.RParen, T.RBracket, T.RBrace]);

export interface ParserOptions {
  /** Checks the grammar itself, which takes a while. */
  readonly validate?: boolean;
  readonly lookahead?: ILookaheadStrategy;
}

export class TypeParser extends CstParser {
  constructor(errors: IParserErrorMessageProvider, { validate = false, lookahead }: ParserOptions) {
    super(T.parserTokens, {
      recoveryEnabled: false,
      maxLookahead: 1,
      lookaheadStrategy: lookahead ?? new FirstTokenLookahead({ maxLookahead: 1 }),
      nodeLocationTracking: 'onlyOffset',
      errorMessageProvider: errors,
      skipValidations: !validate,
    });
  }

  /** The type of what stands behind the last token of a piece. */
  protected readonly endOfInput: TokenType = EOF;

  protected is(k: number, ...types: TokenType[]): boolean {
    const token = this.LA(k);
    return types.some((type) => tokenMatcher(token, type));
  }

  /** A comma that another item follows; a trailing one is taken by {@link list}. */
  protected moreItems(): boolean {
    return this.is(1, T.Comma) && !listEnds.has(this.LA(2).tokenType);
  }

  /** Whether an expression can begin with the k-th token; `words` that then mean something else do not count. */
  protected startsOperand(k: number, ...words: TokenType[]): boolean {
    return (
      this.is(
        k,
        T.Identifier,
        T.PlainString,
        T.RawString,
        T.FString,
        T.Int,
        T.Float,
        T.Duration,
        T.Param,
        T.DateToken,
        T.Time,
        T.Timestamp,
        T.BadNumber,
        T.BadTemporal,
        T.K.case,
        T.K.null,
        T.K.true,
        T.K.false,
        T.K.not,
        T.LParen,
        T.LBrace,
      ) && !this.is(k, ...words)
    );
  }

  type: Rule = this.RULE('type', () => {
    this.OR([{ ALT: () => this.SUBRULE(this.functionType) }, { ALT: () => this.SUBRULE(this.valueType) }]);
  });

  functionType: Rule = this.RULE('functionType', () => {
    this.CONSUME(T.LParen);
    this.OPTION(() => {
      this.SUBRULE(this.valueType, { LABEL: 'params' });
      this.MANY({
        GATE: () => this.moreItems(),
        DEF: () => {
          this.CONSUME(T.Comma);
          this.SUBRULE2(this.valueType, { LABEL: 'params' });
        },
      });
      this.OPTION2(() => this.CONSUME2(T.Comma));
    });
    this.CONSUME(T.RParen);
    this.CONSUME(T.Arrow);
    this.SUBRULE3(this.valueType, { LABEL: 'result' });
  });

  valueType: Rule = this.RULE('valueType', () => {
    this.SUBRULE(this.plainType);
    this.OPTION(() => this.CONSUME(T.Question));
  });

  /** A type without its `?`. */
  plainType: Rule = this.RULE('plainType', () => {
    this.OR([
      { GATE: () => this.is(2, T.Less), ALT: () => this.SUBRULE(this.listType) },
      { GATE: () => this.is(2, T.Less), ALT: () => this.SUBRULE(this.mapType) },
      { ALT: () => this.SUBRULE(this.structType) },
      { ALT: () => this.SUBRULE(this.namedType), IGNORE_AMBIGUITIES: true },
    ]);
  });

  listType: Rule = this.RULE('listType', () => {
    this.CONSUME(T.K.list);
    this.CONSUME(T.Less);
    this.SUBRULE(this.valueType, { LABEL: 'element' });
    this.CONSUME(T.Greater);
  });

  mapType: Rule = this.RULE('mapType', () => {
    this.CONSUME(T.K.map);
    this.CONSUME(T.Less);
    this.SUBRULE(this.valueType, { LABEL: 'key' });
    this.CONSUME(T.Comma);
    this.SUBRULE2(this.valueType, { LABEL: 'value' });
    this.CONSUME(T.Greater);
  });

  structType: Rule = this.RULE('structType', () => {
    this.CONSUME(T.LBrace);
    this.OPTION(() => {
      this.SUBRULE(this.typeField);
      this.MANY({
        GATE: () => this.moreItems(),
        DEF: () => {
          this.CONSUME(T.Comma);
          this.SUBRULE2(this.typeField);
        },
      });
      this.OPTION2(() => this.CONSUME2(T.Comma));
    });
    this.CONSUME(T.RBrace);
  });

  typeField: Rule = this.RULE('typeField', () => {
    this.CONSUME(T.Identifier, { LABEL: 'name' });
    this.CONSUME(T.Colon);
    this.SUBRULE(this.valueType);
  });

  namedType: Rule = this.RULE('namedType', () => {
    this.CONSUME(T.Identifier, { LABEL: 'name' });
    this.OPTION(() => {
      this.CONSUME(T.LParen);
      this.SUBRULE(this.typeArgument);
      this.MANY(() => {
        this.CONSUME(T.Comma);
        this.SUBRULE2(this.typeArgument);
      });
      this.CONSUME(T.RParen);
    });
  });

  typeArgument: Rule = this.RULE('typeArgument', () => {
    this.OR([{ ALT: () => this.CONSUME(T.Int) }, { ALT: () => this.CONSUME(T.PlainString) }]);
  });
}
