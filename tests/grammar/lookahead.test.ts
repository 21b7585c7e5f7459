// Lookahead by first tokens against the library's own, which lists paths: for every branch of the grammar and every token.
import { type ILookaheadStrategy, LLkLookaheadStrategy } from 'chevrotain';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FirstTokenLookahead } from '../../grammar/lookahead.ts';
import { FlowParser } from '../../grammar/parser.ts';
import { ProblemCollector } from '../../grammar/problems.ts';
import { parserTokens } from '../../grammar/tokens.ts';

type Options<K extends 'buildLookaheadForAlternation' | 'buildLookaheadForOptional'> = Parameters<
  ILookaheadStrategy[K]
>[0];

test('one token decides as it does with lists of paths', () => {
  const paths = new LLkLookaheadStrategy({ maxLookahead: 1 });
  let branches = 0;
  const compare = (ours: unknown, theirs: unknown, args: readonly unknown[], where: string): void => {
    branches++;
    for (const { tokenTypeIdx, name } of parserTokens) {
      const token = { tokenTypeIdx };
      const ahead = { LA: () => token, LA_FAST: () => token };
      const [a, b] = [ours, theirs].map((f) => (f as (...args: unknown[]) => unknown).call(ahead, ...args));
      assert.is(a, b, `${where} at ${name}`);
    }
  };
  class Compared extends FirstTokenLookahead {
    override buildLookaheadForAlternation(o: Options<'buildLookaheadForAlternation'>) {
      const ours = super.buildLookaheadForAlternation(o);
      const gates = [[], [{ GATE: () => false }], [{ GATE: () => true }, { GATE: () => false }]];
      for (const gated of o.hasPredicates ? gates : [[]]) {
        const alternatives = Array.from({ length: 99 }, (_, i) => gated[i % Math.max(1, gated.length)] ?? {});
        compare(ours, paths.buildLookaheadForAlternation(o), [alternatives], `${o.rule.name} OR${o.prodOccurrence}`);
      }
      return ours;
    }
    override buildLookaheadForOptional(o: Options<'buildLookaheadForOptional'>) {
      const ours = super.buildLookaheadForOptional(o);
      compare(ours, paths.buildLookaheadForOptional(o), [], `${o.rule.name} ${o.prodType}${o.prodOccurrence}`);
      return ours;
    }
  }
  assert.ok(new FlowParser(new ProblemCollector(), { lookahead: new Compared({ maxLookahead: 1 }) }));
  assert.ok(branches > 100, `${branches} branches`);
});

test.run();
