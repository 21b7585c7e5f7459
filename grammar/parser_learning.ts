/** The grammar of the steps that split, check, map, train and apply. */
import { HeadParser } from './parser_heads.ts';
import type { Rule } from './parser_types.ts';
import * as T from './tokens.ts';

export class LearningParser extends HeadParser {
  splitStep: Rule = this.RULE('splitStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.SUBRULE(this.splitOutput);
    this.MANY({
      GATE: () => this.moreItems(),
      DEF: () => {
        this.CONSUME(T.Comma);
        this.SUBRULE2(this.splitOutput);
      },
    });
    this.OPTION(() => this.CONSUME2(T.Comma));
    this.MANY2(() => this.OR([{ ALT: () => this.SUBRULE(this.by) }, { ALT: () => this.SUBRULE(this.seed) }]));
  });

  splitOutput: Rule = this.RULE('splitOutput', () => {
    this.CONSUME(T.Identifier, { LABEL: 'name' });
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.K.when);
          this.SUBRULE(this.expression, { LABEL: 'when' });
        },
      },
      { ALT: () => this.CONSUME(T.K.otherwise, { LABEL: 'rest' }) },
      { ALT: () => this.CONSUME(T.K.rest, { LABEL: 'rest' }) },
      { ALT: () => this.SUBRULE2(this.expression, { LABEL: 'fraction' }), IGNORE_AMBIGUITIES: true },
    ]);
  });

  expectStep: Rule = this.RULE('expectStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.SUBRULE(this.expectCheck);
    this.MANY({
      GATE: () => this.moreItems(),
      DEF: () => {
        this.CONSUME(T.Comma);
        this.SUBRULE2(this.expectCheck);
      },
    });
    this.OPTION(() => this.CONSUME2(T.Comma));
    this.OPTION2(() => {
      this.CONSUME(T.K.else);
      this.SUBRULE(this.expectAction);
    });
  });

  expectCheck: Rule = this.RULE('expectCheck', () => {
    this.SUBRULE(this.expression);
    this.OPTION(() => {
      this.CONSUME(T.Colon);
      this.SUBRULE(this.stringText);
    });
  });

  expectAction: Rule = this.RULE('expectAction', () => {
    this.CONSUME(T.Identifier, { LABEL: 'name' });
    this.OPTION(() => {
      this.CONSUME(T.LParen);
      this.OPTION2({ GATE: () => !this.is(1, T.RParen), DEF: () => this.SUBRULE(this.callArguments) });
      this.CONSUME(T.RParen);
    });
  });

  mapStep: Rule = this.RULE('mapStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.CONSUME2(T.Identifier, { LABEL: 'fn' });
    this.OPTION(() => {
      this.CONSUME(T.K.as);
      this.SUBRULE(this.valueType);
    });
  });

  /** `train` and `tune`: which clauses are allowed depends on the verb, which build_steps.ts checks. */
  trainStep: Rule = this.RULE('trainStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.SUBRULE(this.call);
    this.MANY(() => this.SUBRULE(this.trainClause));
  });

  trainClause: Rule = this.RULE('trainClause', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.K.label, { LABEL: 'clause' });
          this.SUBRULE(this.expression);
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.K.features, { LABEL: 'clause' });
          this.SUBRULE(this.selectItems);
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.K.metric, { LABEL: 'clause' });
          this.CONSUME(T.Identifier, { LABEL: 'metric' });
        },
      },
      {
        ALT: () => {
          this.OR2([
            { ALT: () => this.CONSUME(T.K.trials, { LABEL: 'clause' }) },
            { ALT: () => this.CONSUME(T.K.folds, { LABEL: 'clause' }) },
            { ALT: () => this.CONSUME(T.K.halving, { LABEL: 'clause' }) },
            { ALT: () => this.CONSUME(T.K.seed, { LABEL: 'clause' }) },
          ]);
          this.SUBRULE2(this.expression);
        },
      },
    ]);
  });

  model: Rule = this.RULE('model', () => {
    this.OR([
      { GATE: () => this.is(2, T.LParen), ALT: () => this.SUBRULE(this.formatCall) },
      { ALT: () => this.CONSUME(T.Identifier, { LABEL: 'name' }), IGNORE_AMBIGUITIES: true },
    ]);
  });

  predictStep: Rule = this.RULE('predictStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.SUBRULE(this.model);
    this.OPTION(() => {
      this.CONSUME(T.K.as);
      this.CONSUME2(T.Identifier, { LABEL: 'alias' });
    });
  });

  evaluateStep: Rule = this.RULE('evaluateStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.SUBRULE(this.model);
    this.OPTION(() => this.SUBRULE(this.by));
  });

  writeStep: Rule = this.RULE('writeStep', () => {
    this.CONSUME(T.Identifier, { LABEL: 'verb' });
    this.SUBRULE(this.formatCall);
  });
}
