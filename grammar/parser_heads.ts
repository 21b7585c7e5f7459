/** The grammar of statement heads, and of the parts that several steps share. */
import { ExpressionParser } from './parser_expr.ts';
import type { Rule } from './parser_types.ts';
import * as T from './tokens.ts';

export class HeadParser extends ExpressionParser {
  // ------------------------------------------------------------------------------------------------- heads

  paramHead: Rule = this.RULE('paramHead', () => {
    this.CONSUME(T.K.param);
    this.CONSUME(T.Identifier, { LABEL: 'name' });
    this.CONSUME(T.Colon);
    this.SUBRULE(this.valueType);
    this.OPTION(() => {
      this.CONSUME(T.Assign);
      this.SUBRULE(this.expression);
    });
  });

  schemaHead: Rule = this.RULE('schemaHead', () => {
    this.CONSUME(T.K.schema);
    this.CONSUME(T.Identifier, { LABEL: 'name' });
    this.SUBRULE(this.structType);
  });

  useHead: Rule = this.RULE('useHead', () => {
    this.CONSUME(T.K.use);
    this.CONSUME(T.LBrace);
    this.OPTION(() => {
      this.SUBRULE(this.useItem);
      this.MANY({
        GATE: () => this.moreItems(),
        DEF: () => {
          this.CONSUME(T.Comma);
          this.SUBRULE2(this.useItem);
        },
      });
      this.OPTION2(() => this.CONSUME2(T.Comma));
    });
    this.CONSUME(T.RBrace);
    this.CONSUME(T.K.from);
    this.SUBRULE(this.stringText);
  });

  useItem: Rule = this.RULE('useItem', () => {
    this.CONSUME(T.Identifier, { LABEL: 'name' });
    this.OPTION(() => {
      this.CONSUME(T.K.as);
      this.CONSUME2(T.Identifier, { LABEL: 'alias' });
    });
    this.OPTION2(() => {
      this.CONSUME(T.Colon);
      this.SUBRULE(this.functionType);
    });
  });

  importHead: Rule = this.RULE('importHead', () => {
    this.CONSUME(T.K.import);
    this.CONSUME(T.LBrace);
    this.OPTION(() => {
      this.SUBRULE(this.importItem);
      this.MANY({
        GATE: () => this.moreItems(),
        DEF: () => {
          this.CONSUME(T.Comma);
          this.SUBRULE2(this.importItem);
        },
      });
      this.OPTION2(() => this.CONSUME2(T.Comma));
    });
    this.CONSUME(T.RBrace);
    this.CONSUME(T.K.from);
    this.SUBRULE(this.stringText);
  });

  importItem: Rule = this.RULE('importItem', () => {
    this.CONSUME(T.Identifier, { LABEL: 'name' });
    this.OPTION(() => {
      this.CONSUME(T.K.as);
      this.CONSUME2(T.Identifier, { LABEL: 'alias' });
    });
  });

  stringText: Rule = this.RULE('stringText', () => {
    this.OR([
      { ALT: () => this.CONSUME(T.PlainString, { LABEL: 'text' }) },
      { ALT: () => this.CONSUME(T.RawString, { LABEL: 'text' }) },
    ]);
  });

  /** Without a body when steps follow, which parse.ts checks. */
  fnHead: Rule = this.RULE('fnHead', () => {
    this.CONSUME(T.K.fn);
    this.CONSUME(T.Identifier, { LABEL: 'name' });
    this.CONSUME(T.LParen);
    this.OPTION(() => {
      this.SUBRULE(this.fnParam);
      this.MANY({
        GATE: () => this.moreItems(),
        DEF: () => {
          this.CONSUME(T.Comma);
          this.SUBRULE2(this.fnParam);
        },
      });
      this.OPTION2(() => this.CONSUME2(T.Comma));
    });
    this.CONSUME(T.RParen);
    this.CONSUME(T.FatArrow);
    this.OPTION3({ GATE: () => !this.is(1, this.endOfInput), DEF: () => this.SUBRULE(this.expression) });
  });

  fnParam: Rule = this.RULE('fnParam', () => {
    this.CONSUME(T.Identifier, { LABEL: 'name' });
    this.OPTION(() => {
      this.CONSUME(T.Colon);
      this.SUBRULE(this.valueType);
    });
    this.OPTION2(() => {
      this.CONSUME(T.Assign);
      this.SUBRULE(this.expression);
    });
  });

  letHead: Rule = this.RULE('letHead', () => {
    this.CONSUME(T.K.let);
    this.OR([
      { ALT: () => this.CONSUME(T.Identifier, { LABEL: 'name' }) },
      {
        ALT: () => {
          this.CONSUME(T.LBrace);
          this.CONSUME2(T.Identifier, { LABEL: 'outputs' });
          this.MANY({
            GATE: () => this.moreItems(),
            DEF: () => {
              this.CONSUME(T.Comma);
              this.CONSUME3(T.Identifier, { LABEL: 'outputs' });
            },
          });
          this.OPTION(() => this.CONSUME2(T.Comma));
          this.CONSUME(T.RBrace);
        },
      },
    ]);
    this.CONSUME(T.Assign);
    this.OR2([{ ALT: () => this.SUBRULE(this.fromHead) }, { ALT: () => this.CONSUME(T.Subpipeline) }]);
  });

  fromHead: Rule = this.RULE('fromHead', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.K.from);
          this.OR2([{ ALT: () => this.SUBRULE(this.sqlSource) }, { ALT: () => this.SUBRULE(this.relation) }]);
        },
      },
      { ALT: () => this.SUBRULE2(this.sqlSource) },
    ]);
    this.OPTION(() => {
      this.CONSUME(T.K.as);
      this.SUBRULE(this.valueType);
    });
  });

  sqlSource: Rule = this.RULE('sqlSource', () => {
    this.CONSUME(T.K.sql);
    this.OR([
      { ALT: () => this.CONSUME(T.TripleString, { LABEL: 'text' }) },
      { ALT: () => this.CONSUME(T.PlainString, { LABEL: 'text' }) },
      { ALT: () => this.CONSUME(T.RawString, { LABEL: 'text' }) },
    ]);
  });

  // ------------------------------------------------------------------------------------------------- parts

  relation: Rule = this.RULE('relation', () => {
    this.OR([
      { GATE: () => this.is(2, T.LParen), ALT: () => this.SUBRULE(this.formatCall) },
      { ALT: () => this.CONSUME(T.Identifier, { LABEL: 'name' }), IGNORE_AMBIGUITIES: true },
      { ALT: () => this.CONSUME(T.Subpipeline) },
    ]);
  });

  formatCall: Rule = this.RULE('formatCall', () => {
    this.CONSUME(T.Identifier, { LABEL: 'name' });
    this.CONSUME(T.LParen);
    this.OPTION({ GATE: () => !this.is(1, T.RParen), DEF: () => this.SUBRULE(this.callArguments) });
    this.CONSUME(T.RParen);
  });

  namedExprs: Rule = this.RULE('namedExprs', () => {
    this.SUBRULE(this.namedExpr);
    this.MANY({
      GATE: () => this.moreItems(),
      DEF: () => {
        this.CONSUME(T.Comma);
        this.SUBRULE2(this.namedExpr);
      },
    });
    this.OPTION(() => this.CONSUME2(T.Comma));
  });

  namedExpr: Rule = this.RULE('namedExpr', () => {
    this.OPTION({
      GATE: () => this.is(2, T.Assign),
      DEF: () => {
        this.CONSUME(T.Identifier, { LABEL: 'name' });
        this.CONSUME(T.Assign);
      },
    });
    this.SUBRULE(this.expression);
  });

  selectItems: Rule = this.RULE('selectItems', () => {
    this.SUBRULE(this.selectItem);
    this.MANY({
      GATE: () => this.moreItems(),
      DEF: () => {
        this.CONSUME(T.Comma);
        this.SUBRULE2(this.selectItem);
      },
    });
    this.OPTION(() => this.CONSUME2(T.Comma));
  });

  selectItem: Rule = this.RULE('selectItem', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.star) },
      {
        GATE: () => this.is(2, T.Comma, this.endOfInput, T.Identifier) && !this.is(2, T.K.matches),
        ALT: () => this.CONSUME(T.PlainString, { LABEL: 'pattern' }),
      },
      { ALT: () => this.SUBRULE(this.namedExpr), IGNORE_AMBIGUITIES: true },
    ]);
  });

  star: Rule = this.RULE('star', () => {
    this.CONSUME(T.Star);
    this.OPTION(() => {
      this.CONSUME(T.K.except);
      this.CONSUME(T.Identifier, { LABEL: 'except' });
      this.MANY({
        GATE: () => this.moreExceptions(),
        DEF: () => {
          this.CONSUME(T.Comma);
          this.CONSUME2(T.Identifier, { LABEL: 'except' });
        },
      });
    });
  });

  /** `* except a, b, c = x`: a bare name belongs to the exceptions, anything else is the next item. */
  private moreExceptions(): boolean {
    return (
      this.is(1, T.Comma) &&
      this.is(2, T.Identifier) &&
      (this.is(3, T.Comma, this.endOfInput) || (this.is(3, T.Identifier) && !this.is(3, T.K.matches, T.K.over)))
    );
  }

  seed: Rule = this.RULE('seed', () => {
    this.CONSUME(T.K.seed);
    this.SUBRULE(this.expression);
  });

  by: Rule = this.RULE('by', () => {
    this.CONSUME(T.K.by);
    this.SUBRULE(this.namedExprs);
  });

  sortClause: Rule = this.RULE('sortClause', () => {
    this.CONSUME(T.K.sort);
    this.SUBRULE(this.sortKeys);
  });
}
