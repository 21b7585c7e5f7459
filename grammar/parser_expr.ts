/**
 * The grammar of expressions, as chevrotain rules without actions. Operators of one level come as a flat list;
 * build_expr.ts makes the tree. Where a word decides (`over`, `distinct`, a lambda), a gate looks ahead.
 */
import { type Rule, TypeParser } from './parser_types.ts';
import * as T from './tokens.ts';

export class ExpressionParser extends TypeParser {
  expression: Rule = this.RULE('expression', () => {
    this.SUBRULE(this.conjunction);
    this.MANY(() => {
      this.CONSUME(T.K.or, { LABEL: 'op' });
      this.SUBRULE2(this.conjunction);
    });
  });

  conjunction: Rule = this.RULE('conjunction', () => {
    this.SUBRULE(this.negation);
    this.MANY(() => {
      this.CONSUME(T.K.and, { LABEL: 'op' });
      this.SUBRULE2(this.negation);
    });
  });

  negation: Rule = this.RULE('negation', () => {
    this.MANY(() => this.CONSUME(T.K.not));
    this.SUBRULE(this.comparison);
  });

  comparison: Rule = this.RULE('comparison', () => {
    this.SUBRULE(this.range);
    this.MANY(() => this.SUBRULE(this.comparisonTail));
  });

  /** More than one tail, and `=`, are reported by build_expr.ts. */
  comparisonTail: Rule = this.RULE('comparisonTail', () => {
    this.OR([
      {
        ALT: () => {
          this.OR2([
            { ALT: () => this.CONSUME(T.Equal, { LABEL: 'op' }) },
            { ALT: () => this.CONSUME(T.NotEqual, { LABEL: 'op' }) },
            { ALT: () => this.CONSUME(T.Less, { LABEL: 'op' }) },
            { ALT: () => this.CONSUME(T.LessEqual, { LABEL: 'op' }) },
            { ALT: () => this.CONSUME(T.Greater, { LABEL: 'op' }) },
            { ALT: () => this.CONSUME(T.GreaterEqual, { LABEL: 'op' }) },
            { ALT: () => this.CONSUME(T.Assign, { LABEL: 'op' }) },
          ]);
          this.SUBRULE(this.range);
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.K.is);
          this.OPTION(() => this.CONSUME(T.K.not, { LABEL: 'isNot' }));
          this.SUBRULE2(this.range);
        },
      },
      {
        ALT: () => {
          this.OPTION2(() => this.CONSUME2(T.K.not, { LABEL: 'not' }));
          this.OR3([
            {
              ALT: () => {
                this.CONSUME(T.K.like, { LABEL: 'word' });
                this.SUBRULE3(this.range);
              },
            },
            {
              ALT: () => {
                this.CONSUME(T.K.matches, { LABEL: 'word' });
                this.SUBRULE4(this.range);
              },
            },
            {
              ALT: () => {
                this.CONSUME(T.K.between);
                this.SUBRULE5(this.range);
                this.CONSUME(T.K.and);
                this.SUBRULE6(this.range);
              },
            },
            {
              ALT: () => {
                this.CONSUME(T.K.in);
                this.OR4([
                  { GATE: () => this.is(1, T.Subpipeline), ALT: () => this.CONSUME(T.Subpipeline) },
                  { ALT: () => this.SUBRULE7(this.range), IGNORE_AMBIGUITIES: true },
                ]);
              },
            },
          ]);
        },
      },
    ]);
  });

  range: Rule = this.RULE('range', () => {
    this.SUBRULE(this.coalesce);
    this.OPTION(() => {
      this.CONSUME(T.DotDot);
      this.SUBRULE2(this.coalesce);
    });
  });

  coalesce: Rule = this.RULE('coalesce', () => {
    this.SUBRULE(this.sum);
    this.MANY(() => {
      this.CONSUME(T.Coalesce, { LABEL: 'op' });
      this.SUBRULE2(this.sum);
    });
  });

  sum: Rule = this.RULE('sum', () => {
    this.SUBRULE(this.product);
    this.MANY(() => {
      this.OR([
        { ALT: () => this.CONSUME(T.Plus, { LABEL: 'op' }) },
        { ALT: () => this.CONSUME(T.Minus, { LABEL: 'op' }) },
      ]);
      this.SUBRULE2(this.product);
    });
  });

  product: Rule = this.RULE('product', () => {
    this.SUBRULE(this.signed);
    this.MANY(() => {
      this.OR([
        { ALT: () => this.CONSUME(T.Star, { LABEL: 'op' }) },
        { ALT: () => this.CONSUME(T.Divide, { LABEL: 'op' }) },
        { ALT: () => this.CONSUME(T.IntDivide, { LABEL: 'op' }) },
        { ALT: () => this.CONSUME(T.Modulo, { LABEL: 'op' }) },
      ]);
      this.SUBRULE2(this.signed);
    });
  });

  signed: Rule = this.RULE('signed', () => {
    this.MANY(() => {
      this.OR([
        { ALT: () => this.CONSUME(T.Minus, { LABEL: 'op' }) },
        { ALT: () => this.CONSUME(T.Plus, { LABEL: 'op' }) },
      ]);
    });
    this.SUBRULE(this.postfix);
  });

  postfix: Rule = this.RULE('postfix', () => {
    this.SUBRULE(this.primary);
    this.MANY(() => this.SUBRULE(this.suffix));
  });

  suffix: Rule = this.RULE('suffix', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.Dot);
          this.CONSUME(T.AnyWord, { LABEL: 'field' });
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.LBracket);
          this.SUBRULE(this.expression);
          this.CONSUME(T.RBracket);
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.Cast);
          this.SUBRULE(this.valueType);
        },
      },
      { ALT: () => this.SUBRULE(this.window) },
    ]);
  });

  window: Rule = this.RULE('window', () => {
    this.CONSUME(T.K.over);
    this.CONSUME(T.LParen);
    this.MANY(() => this.SUBRULE(this.windowClause));
    this.CONSUME(T.RParen);
  });

  windowClause: Rule = this.RULE('windowClause', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.K.by, { LABEL: 'clause' });
          this.SUBRULE(this.expressions);
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.K.sort, { LABEL: 'clause' });
          this.SUBRULE(this.sortKeys);
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.K.rows, { LABEL: 'clause' });
          this.SUBRULE(this.frame);
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.K.range, { LABEL: 'clause' });
          this.SUBRULE2(this.frame);
        },
      },
    ]);
  });

  frame: Rule = this.RULE('frame', () => {
    this.OPTION({ GATE: () => !this.is(1, T.DotDot), DEF: () => this.SUBRULE(this.coalesce, { LABEL: 'low' }) });
    this.CONSUME(T.DotDot);
    this.OPTION2({
      GATE: () => !this.is(1, T.RParen, T.K.by, T.K.sort, T.K.rows, T.K.range),
      DEF: () => this.SUBRULE2(this.coalesce, { LABEL: 'high' }),
    });
  });

  expressions: Rule = this.RULE('expressions', () => {
    this.SUBRULE(this.expression);
    this.MANY({
      GATE: () => this.moreItems(),
      DEF: () => {
        this.CONSUME(T.Comma);
        this.SUBRULE2(this.expression);
      },
    });
    this.OPTION(() => this.CONSUME2(T.Comma));
  });

  sortKeys: Rule = this.RULE('sortKeys', () => {
    this.SUBRULE(this.sortKey);
    this.MANY({
      GATE: () => this.moreItems(),
      DEF: () => {
        this.CONSUME(T.Comma);
        this.SUBRULE2(this.sortKey);
      },
    });
    this.OPTION(() => this.CONSUME2(T.Comma));
  });

  sortKey: Rule = this.RULE('sortKey', () => {
    this.SUBRULE(this.expression);
    this.OPTION(() => {
      this.OR([
        { ALT: () => this.CONSUME(T.K.asc, { LABEL: 'direction' }) },
        { ALT: () => this.CONSUME(T.K.desc, { LABEL: 'direction' }) },
      ]);
    });
    this.OPTION2(() => {
      this.CONSUME(T.K.nulls);
      this.OR2([
        { ALT: () => this.CONSUME(T.K.first, { LABEL: 'nullsAt' }) },
        { ALT: () => this.CONSUME(T.K.last, { LABEL: 'nullsAt' }) },
      ]);
    });
  });

  primary: Rule = this.RULE('primary', () => {
    this.OR([
      { ALT: () => this.CONSUME(T.PlainString, { LABEL: 'literal' }) },
      { ALT: () => this.CONSUME(T.RawString, { LABEL: 'literal' }) },
      { ALT: () => this.CONSUME(T.FString, { LABEL: 'literal' }) },
      { ALT: () => this.CONSUME(T.Int, { LABEL: 'literal' }) },
      { ALT: () => this.CONSUME(T.Float, { LABEL: 'literal' }) },
      { ALT: () => this.CONSUME(T.Duration, { LABEL: 'literal' }) },
      { ALT: () => this.CONSUME(T.DateToken, { LABEL: 'literal' }) },
      { ALT: () => this.CONSUME(T.Time, { LABEL: 'literal' }) },
      { ALT: () => this.CONSUME(T.Timestamp, { LABEL: 'literal' }) },
      { ALT: () => this.CONSUME(T.BadNumber, { LABEL: 'literal' }) },
      { ALT: () => this.CONSUME(T.BadTemporal, { LABEL: 'literal' }) },
      { ALT: () => this.CONSUME(T.K.null, { LABEL: 'literal' }) },
      { ALT: () => this.CONSUME(T.K.true, { LABEL: 'literal' }) },
      { ALT: () => this.CONSUME(T.K.false, { LABEL: 'literal' }) },
      { ALT: () => this.CONSUME(T.Param, { LABEL: 'literal' }) },
      { ALT: () => this.SUBRULE(this.caseOf) },
      { ALT: () => this.SUBRULE(this.listOf) },
      { ALT: () => this.SUBRULE(this.structOf) },
      {
        ALT: () => {
          this.CONSUME(T.LParen);
          this.SUBRULE(this.expression);
          this.CONSUME(T.RParen);
        },
      },
      // Reported by build_expr.ts, which knows the place.
      { ALT: () => this.CONSUME(T.Subpipeline, { LABEL: 'bare' }) },
      {
        GATE: () => this.is(2, T.Subpipeline),
        ALT: () => {
          this.CONSUME(T.K.scalar);
          this.CONSUME2(T.Subpipeline, { LABEL: 'scalar' });
        },
      },
      { GATE: () => this.is(2, T.LParen), ALT: () => this.SUBRULE(this.call), IGNORE_AMBIGUITIES: true },
      { ALT: () => this.CONSUME(T.Identifier, { LABEL: 'column' }), IGNORE_AMBIGUITIES: true },
    ]);
  });

  caseOf: Rule = this.RULE('caseOf', () => {
    this.CONSUME(T.K.case);
    this.OPTION({ GATE: () => !this.is(1, T.K.when), DEF: () => this.SUBRULE(this.expression, { LABEL: 'subject' }) });
    this.CONSUME(T.K.when, { LABEL: 'branch' });
    this.SUBRULE2(this.expression, { LABEL: 'when' });
    this.CONSUME(T.K.then);
    this.SUBRULE3(this.expression, { LABEL: 'then' });
    this.MANY(() => {
      this.CONSUME2(T.K.when, { LABEL: 'branch' });
      this.SUBRULE4(this.expression, { LABEL: 'when' });
      this.CONSUME2(T.K.then);
      this.SUBRULE5(this.expression, { LABEL: 'then' });
    });
    this.OPTION2(() => {
      this.CONSUME(T.K.else);
      this.SUBRULE6(this.expression, { LABEL: 'otherwise' });
    });
    this.CONSUME(T.K.end);
  });

  listOf: Rule = this.RULE('listOf', () => {
    this.CONSUME(T.LBracket);
    this.OPTION({ GATE: () => !this.is(1, T.RBracket), DEF: () => this.SUBRULE(this.expressions) });
    this.CONSUME(T.RBracket);
  });

  structOf: Rule = this.RULE('structOf', () => {
    this.CONSUME(T.LBrace);
    this.OPTION(() => {
      this.SUBRULE(this.structField);
      this.MANY({
        GATE: () => this.moreItems(),
        DEF: () => {
          this.CONSUME(T.Comma);
          this.SUBRULE2(this.structField);
        },
      });
      this.OPTION2(() => this.CONSUME2(T.Comma));
    });
    this.CONSUME(T.RBrace);
  });

  structField: Rule = this.RULE('structField', () => {
    this.CONSUME(T.Identifier, { LABEL: 'name' });
    this.CONSUME(T.Colon);
    this.SUBRULE(this.expression);
  });

  call: Rule = this.RULE('call', () => {
    this.CONSUME(T.Identifier, { LABEL: 'name' });
    this.CONSUME(T.LParen);
    this.OPTION({
      GATE: () => this.is(1, T.K.distinct) && this.startsOperand(2, T.K.matches, T.K.over),
      DEF: () => this.CONSUME(T.K.distinct),
    });
    this.OPTION2({ GATE: () => !this.is(1, T.RParen), DEF: () => this.SUBRULE(this.callArguments) });
    this.CONSUME(T.RParen);
  });

  callArguments: Rule = this.RULE('callArguments', () => {
    this.SUBRULE(this.argument);
    this.MANY({
      GATE: () => this.moreItems(),
      DEF: () => {
        this.CONSUME(T.Comma);
        this.SUBRULE2(this.argument);
      },
    });
    this.OPTION(() => this.CONSUME2(T.Comma));
  });

  argument: Rule = this.RULE('argument', () => {
    this.OPTION({
      GATE: () => this.is(2, T.Colon),
      DEF: () => {
        this.CONSUME(T.Identifier, { LABEL: 'name' });
        this.CONSUME(T.Colon);
      },
    });
    this.OR([
      // Reported by build_expr.ts: count(*).
      { ALT: () => this.CONSUME(T.Star) },
      { GATE: () => this.startsLambda(), ALT: () => this.SUBRULE(this.lambda) },
      { ALT: () => this.SUBRULE(this.expression), IGNORE_AMBIGUITIES: true },
    ]);
  });

  /** `name =>`, or `(name, …) =>`. */
  private startsLambda(): boolean {
    if (this.is(1, T.Identifier)) return this.is(2, T.FatArrow);
    if (!this.is(1, T.LParen)) return false;
    let k = 2;
    while (this.is(k, T.Identifier, T.Comma)) k++;
    return this.is(k, T.RParen) && this.is(k + 1, T.FatArrow);
  }

  lambda: Rule = this.RULE('lambda', () => {
    this.OR([
      { ALT: () => this.CONSUME(T.Identifier, { LABEL: 'params' }) },
      {
        ALT: () => {
          this.CONSUME(T.LParen);
          this.OPTION(() => {
            this.CONSUME2(T.Identifier, { LABEL: 'params' });
            this.MANY(() => {
              this.CONSUME(T.Comma);
              this.CONSUME3(T.Identifier, { LABEL: 'params' });
            });
          });
          this.CONSUME(T.RParen);
        },
      },
    ]);
    this.CONSUME(T.FatArrow);
    this.SUBRULE(this.expression);
  });
}
