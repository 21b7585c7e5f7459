/**
 * The grammar of steps, on top of that of expressions and of statement heads. Every `…Step` and `…Head` rule is a start
 * rule: layout.ts has cut the file into such pieces, and parse.ts chooses the rule by the piece's first word.
 */
import type { IParserErrorMessageProvider } from 'chevrotain';
import { LearningParser } from './parser_learning.ts';
import type { ParserOptions, Rule } from './parser_types.ts';
import * as T from './tokens.ts';
import type { Verb } from './words.ts';

/** The clauses of a join, none of which can be its relation. */
const joinClauses = [T.K.as, T.K.on, T.K.matching, T.K.add] as const;

export class FlowParser extends LearningParser {
  constructor(errors: IParserErrorMessageProvider, options: ParserOptions = {}) {
    super(errors, options);
    this.performSelfAnalysis();
  }

  conditionStep: Rule = this.RULE('conditionStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.SUBRULE(this.expression);
  });

  deriveStep: Rule = this.RULE('deriveStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.SUBRULE(this.namedExprs);
  });

  selectStep: Rule = this.RULE('selectStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.SUBRULE(this.selectItems);
  });

  renameStep: Rule = this.RULE('renameStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.SUBRULE(this.renameItem);
    this.MANY({
      GATE: () => this.moreItems(),
      DEF: () => {
        this.CONSUME(T.Comma);
        this.SUBRULE2(this.renameItem);
      },
    });
    this.OPTION(() => this.CONSUME2(T.Comma));
  });

  renameItem: Rule = this.RULE('renameItem', () => {
    this.CONSUME(T.Identifier, { LABEL: 'to' });
    this.CONSUME(T.Assign);
    this.CONSUME2(T.Identifier, { LABEL: 'from' });
  });

  summarizeStep: Rule = this.RULE('summarizeStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.OR([
      { GATE: () => this.groupsOnly(), ALT: () => this.SUBRULE(this.groupBy) },
      {
        ALT: () => {
          this.SUBRULE(this.namedExprs);
          this.OPTION(() => this.SUBRULE2(this.groupBy));
        },
        IGNORE_AMBIGUITIES: true,
      },
    ]);
  });

  /** `summarize by k`, where `by` is no column. */
  private groupsOnly(): boolean {
    return this.startsOperand(2, T.K.matches, T.K.over) || this.is(3, T.Assign);
  }

  groupBy: Rule = this.RULE('groupBy', () => {
    this.CONSUME(T.K.by);
    this.SUBRULE(this.groupElement);
    this.MANY({
      GATE: () => this.moreItems(),
      DEF: () => {
        this.CONSUME(T.Comma);
        this.SUBRULE2(this.groupElement);
      },
    });
    this.OPTION(() => this.CONSUME2(T.Comma));
  });

  groupElement: Rule = this.RULE('groupElement', () => {
    this.OR([
      { GATE: () => this.is(2, T.LParen), ALT: () => this.SUBRULE(this.groupingSets) },
      { ALT: () => this.SUBRULE(this.namedExpr), IGNORE_AMBIGUITIES: true },
    ]);
  });

  groupingSets: Rule = this.RULE('groupingSets', () => {
    this.OR([
      {
        ALT: () => {
          this.OR2([
            { ALT: () => this.CONSUME(T.K.rollup, { LABEL: 'form' }) },
            { ALT: () => this.CONSUME(T.K.cube, { LABEL: 'form' }) },
          ]);
          this.CONSUME(T.LParen);
          this.SUBRULE(this.namedExprs, { LABEL: 'keys' });
          this.CONSUME(T.RParen);
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.K.sets, { LABEL: 'form' });
          this.CONSUME2(T.LParen);
          this.SUBRULE(this.groupingSet);
          this.MANY({
            GATE: () => this.moreItems(),
            DEF: () => {
              this.CONSUME(T.Comma);
              this.SUBRULE2(this.groupingSet);
            },
          });
          this.OPTION(() => this.CONSUME2(T.Comma));
          this.CONSUME2(T.RParen);
        },
      },
    ]);
  });

  groupingSet: Rule = this.RULE('groupingSet', () => {
    this.CONSUME(T.LParen);
    this.OPTION({ GATE: () => !this.is(1, T.RParen), DEF: () => this.SUBRULE(this.namedExprs, { LABEL: 'keys' }) });
    this.CONSUME(T.RParen);
  });

  sortStep: Rule = this.RULE('sortStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.SUBRULE(this.sortKeys);
  });

  takeStep: Rule = this.RULE('takeStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.DotDot);
          this.SUBRULE(this.coalesce, { LABEL: 'high' });
        },
      },
      {
        ALT: () => {
          this.SUBRULE2(this.coalesce, { LABEL: 'low' });
          this.OPTION(() => {
            this.CONSUME2(T.DotDot);
            this.OPTION2({
              GATE: () => !this.is(1, this.endOfInput, T.K.sort, T.K.by),
              DEF: () => this.SUBRULE3(this.coalesce, { LABEL: 'high' }),
            });
          });
        },
      },
    ]);
    this.MANY(() => this.OR2([{ ALT: () => this.SUBRULE(this.sortClause) }, { ALT: () => this.SUBRULE(this.by) }]));
  });

  distinctStep: Rule = this.RULE('distinctStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.OPTION({ GATE: () => !this.is(1, this.endOfInput), DEF: () => this.SUBRULE(this.namedExprs) });
  });

  joinStep: Rule = this.RULE('joinStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.OPTION({
      GATE: () => (this.is(2, T.Identifier) && !this.is(2, ...joinClauses)) || this.is(2, T.Subpipeline),
      DEF: () => this.SUBRULE(this.joinKind),
    });
    this.SUBRULE(this.relation);
    this.MANY(() => this.SUBRULE(this.joinClause));
  });

  joinKind: Rule = this.RULE('joinKind', () => {
    this.OR([
      { ALT: () => this.CONSUME(T.K.inner, { LABEL: 'kind' }) },
      { ALT: () => this.CONSUME(T.K.left, { LABEL: 'kind' }) },
      { ALT: () => this.CONSUME(T.K.right, { LABEL: 'kind' }) },
      { ALT: () => this.CONSUME(T.K.full, { LABEL: 'kind' }) },
      { ALT: () => this.CONSUME(T.K.semi, { LABEL: 'kind' }) },
      { ALT: () => this.CONSUME(T.K.anti, { LABEL: 'kind' }) },
      { ALT: () => this.CONSUME(T.K.asof, { LABEL: 'kind' }) },
      { ALT: () => this.CONSUME(T.K.cross, { LABEL: 'kind' }) },
    ]);
  });

  joinClause: Rule = this.RULE('joinClause', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.K.as, { LABEL: 'clause' });
          this.CONSUME(T.Identifier, { LABEL: 'alias' });
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.K.on, { LABEL: 'clause' });
          this.SUBRULE(this.expression);
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.K.matching, { LABEL: 'clause' });
          this.OR2([
            { ALT: () => this.CONSUME(T.K.one, { LABEL: 'count' }) },
            { ALT: () => this.CONSUME(T.K.many, { LABEL: 'count' }) },
            {
              ALT: () => {
                this.CONSUME(T.K.at, { LABEL: 'count' });
                this.CONSUME(T.K.most);
                this.CONSUME2(T.K.one);
              },
            },
          ]);
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.K.add, { LABEL: 'clause' });
          this.SUBRULE(this.namedExprs);
        },
      },
    ]);
  });

  setStep: Rule = this.RULE('setStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.OPTION({
      GATE: () => this.is(2, T.Identifier, T.Subpipeline),
      DEF: () =>
        this.OR([
          { ALT: () => this.CONSUME(T.K.all, { LABEL: 'quantifier' }) },
          { ALT: () => this.CONSUME(T.K.distinct, { LABEL: 'quantifier' }) },
        ]),
    });
    this.OPTION2({
      GATE: () => this.is(2, T.K.name) && this.is(3, T.Identifier, T.Subpipeline),
      DEF: () => {
        this.CONSUME(T.K.by);
        this.CONSUME(T.K.name);
      },
    });
    this.SUBRULE(this.relation);
    this.MANY({
      GATE: () => this.moreItems(),
      DEF: () => {
        this.CONSUME(T.Comma);
        this.SUBRULE2(this.relation);
      },
    });
    this.OPTION3(() => this.CONSUME2(T.Comma));
    this.OPTION4(() => {
      this.CONSUME2(T.K.by);
      this.CONSUME2(T.K.name);
    });
  });

  explodeStep: Rule = this.RULE('explodeStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.OPTION({
      GATE: () => this.is(2, T.Identifier, T.LParen, T.LBracket) && !this.is(2, T.K.as, T.K.over),
      DEF: () => this.CONSUME(T.K.outer),
    });
    this.SUBRULE(this.explodeItem);
    this.MANY({
      GATE: () => this.moreItems(),
      DEF: () => {
        this.CONSUME(T.Comma);
        this.SUBRULE2(this.explodeItem);
      },
    });
    this.OPTION2(() => this.CONSUME2(T.Comma));
  });

  explodeItem: Rule = this.RULE('explodeItem', () => {
    this.SUBRULE(this.expression);
    this.OPTION(() => {
      this.CONSUME(T.K.as);
      this.CONSUME(T.Identifier, { LABEL: 'alias' });
    });
  });

  pivotStep: Rule = this.RULE('pivotStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.SUBRULE(this.expression, { LABEL: 'column' });
    this.CONSUME(T.K.values);
    this.SUBRULE2(this.expression, { LABEL: 'values' });
    this.CONSUME(T.K.into);
    this.SUBRULE(this.namedExprs);
    this.OPTION(() => this.SUBRULE(this.by));
  });

  unpivotStep: Rule = this.RULE('unpivotStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.SUBRULE(this.selectItems);
    this.CONSUME(T.K.into);
    this.CONSUME2(T.Identifier, { LABEL: 'name' });
    this.CONSUME(T.Comma);
    this.CONSUME3(T.Identifier, { LABEL: 'value' });
    this.OPTION(() => this.CONSUME2(T.Comma));
  });

  sampleStep: Rule = this.RULE('sampleStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.SUBRULE(this.expression);
    this.MANY(() => this.OR([{ ALT: () => this.SUBRULE(this.by) }, { ALT: () => this.SUBRULE(this.seed) }]));
  });

  repartitionStep: Rule = this.RULE('repartitionStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.OPTION({ GATE: () => !this.is(1, T.K.by), DEF: () => this.SUBRULE(this.expression, { LABEL: 'count' }) });
    this.OPTION2(() => {
      this.CONSUME(T.K.by);
      this.OPTION3({
        GATE: () => this.startsOperand(2, T.K.matches, T.K.over, T.K.asc, T.K.desc, T.K.nulls),
        DEF: () => this.CONSUME(T.K.range),
      });
      this.SUBRULE(this.sortKeys);
    });
  });

  shuffleStep: Rule = this.RULE('shuffleStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.OPTION(() => this.SUBRULE(this.seed));
  });

  fillStep: Rule = this.RULE('fillStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.OPTION({
      GATE: () => this.is(2, T.Identifier),
      DEF: () =>
        this.OR([
          { ALT: () => this.CONSUME(T.K.forward, { LABEL: 'mode' }) },
          { ALT: () => this.CONSUME(T.K.backward, { LABEL: 'mode' }) },
        ]),
    });
    this.SUBRULE(this.namedExprs);
    this.MANY(() => this.OR2([{ ALT: () => this.SUBRULE(this.sortClause) }, { ALT: () => this.SUBRULE(this.by) }]));
  });

  callStep: Rule = this.RULE('callStep', () => {
    this.SUBRULE(this.call);
  });
}

type StepRule = { [R in keyof FlowParser]: R extends `${string}Step` ? R : never }[keyof FlowParser];

export const stepRules = {
  where: 'conditionStep',
  remove: 'conditionStep',
  derive: 'deriveStep',
  select: 'selectStep',
  drop: 'selectStep',
  rename: 'renameStep',
  summarize: 'summarizeStep',
  sort: 'sortStep',
  take: 'takeStep',
  skip: 'conditionStep',
  distinct: 'distinctStep',
  join: 'joinStep',
  union: 'setStep',
  except: 'setStep',
  intersect: 'setStep',
  explode: 'explodeStep',
  pivot: 'pivotStep',
  unpivot: 'unpivotStep',
  sample: 'sampleStep',
  split: 'splitStep',
  expect: 'expectStep',
  repartition: 'repartitionStep',
  shuffle: 'shuffleStep',
  map: 'mapStep',
  map_batches: 'mapStep',
  fill: 'fillStep',
  train: 'trainStep',
  predict: 'predictStep',
  evaluate: 'evaluateStep',
  tune: 'trainStep',
  write: 'writeStep',
} as const satisfies Record<Verb, StepRule>;
