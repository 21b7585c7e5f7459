/**
 * Which alternative a token begins, by the sets of first tokens. The library's own strategy lists paths through the grammar, for any number of tokens ahead; with
 * one token the sets say the same, and each is computed once: making the parser is a large part of a small run.
 */
import {
  Alternation,
  type BaseParser,
  type ILookaheadStrategy,
  type IProduction,
  type IProductionWithOccurrence,
  LLkLookaheadStrategy,
  NonTerminal,
  Option,
  Repetition,
  RepetitionMandatory,
  RepetitionMandatoryWithSeparator,
  RepetitionWithSeparator,
  type Rule,
  Terminal,
  type TokenType,
} from 'chevrotain';

type AlternationOptions = Parameters<ILookaheadStrategy['buildLookaheadForAlternation']>[0];
type OptionalOptions = Parameters<ILookaheadStrategy['buildLookaheadForOptional']>[0];
type Choose = ReturnType<ILookaheadStrategy['buildLookaheadForAlternation']>;
type Enter = ReturnType<ILookaheadStrategy['buildLookaheadForOptional']>;

/** The parser as a lookahead function sees it; `LA` is protected only by its type. */
type Ahead = BaseParser & { LA(k: number): { readonly tokenTypeIdx: number } };

/** First tokens, and whether there may be none at all. */
interface First {
  readonly tokens: ReadonlySet<TokenType>;
  readonly empty: boolean;
}

const KINDS = {
  Alternation,
  Option,
  Repetition,
  RepetitionMandatory,
  RepetitionMandatoryWithSeparator,
  RepetitionWithSeparator,
};

export class FirstTokenLookahead extends LLkLookaheadStrategy {
  readonly #firsts = new Map<IProduction, First>();

  override buildLookaheadForAlternation(options: AlternationOptions): Choose {
    const or = find(options.rule, 'Alternation', options.prodOccurrence);
    const firsts = or.definition.map((alternative) => this.#first(alternative));
    if (options.maxLookahead > 1 || firsts.some((f) => f.empty)) return super.buildLookaheadForAlternation(options);
    const matching = firsts.map(({ tokens }) => indicesOf(tokens));
    if (options.hasPredicates) {
      return function (this: Ahead, alternatives = []) {
        const { tokenTypeIdx } = this.LA(1);
        const at = alternatives.findIndex(
          ({ GATE }, i) => GATE?.call(this) !== false && matching[i]?.has(tokenTypeIdx),
        );
        return at < 0 ? undefined : at;
      } as Choose;
    }
    const chosen = new Map<number, number>();
    matching.forEach((indices, i) => {
      for (const index of indices) if (!chosen.has(index)) chosen.set(index, i);
    });
    return function (this: Ahead) {
      return chosen.get(this.LA(1).tokenTypeIdx);
    } as Choose;
  }

  override buildLookaheadForOptional(options: OptionalOptions): Enter {
    const inside = find(options.rule, options.prodType as keyof typeof KINDS, options.prodOccurrence);
    const { tokens, empty } = this.#sequence(inside.definition);
    if (options.maxLookahead > 1 || empty) return super.buildLookaheadForOptional(options);
    const indices = indicesOf(tokens);
    return function (this: Ahead) {
      return indices.has(this.LA(1).tokenTypeIdx);
    } as Enter;
  }

  #first(prod: IProduction): First {
    const known = this.#firsts.get(prod);
    if (known !== undefined) return known;
    const first = this.#compute(prod);
    this.#firsts.set(prod, first);
    return first;
  }

  #compute(prod: IProduction): First {
    if (prod instanceof Terminal) return { tokens: new Set([prod.terminalType]), empty: false };
    if (prod instanceof NonTerminal) return this.#first(prod.referencedRule);
    if (prod instanceof Alternation) {
      const all = prod.definition.map((alternative) => this.#first(alternative));
      return { tokens: new Set(all.flatMap((f) => [...f.tokens])), empty: all.some((f) => f.empty) };
    }
    const { tokens, empty } = this.#sequence((prod as Option).definition);
    const optional = prod instanceof Option || prod instanceof Repetition || prod instanceof RepetitionWithSeparator;
    return { tokens, empty: empty || optional };
  }

  #sequence(parts: readonly IProduction[]): First {
    const tokens = new Set<TokenType>();
    for (const part of parts) {
      const first = this.#first(part);
      for (const token of first.tokens) tokens.add(token);
      if (!first.empty) return { tokens, empty: false };
    }
    return { tokens, empty: true };
  }
}

/** Numbers of the tokens, and of those of their categories. */
function indicesOf(tokens: ReadonlySet<TokenType>): ReadonlySet<number> {
  return new Set([...tokens].flatMap((t) => [t.tokenTypeIdx as number, ...(t.categoryMatches ?? [])]));
}

/** The production of a rule that is the `occurrence`-th of its kind. */
function find(rule: Rule, kind: keyof typeof KINDS, occurrence: number): { readonly definition: IProduction[] } {
  const within = (parts: readonly IProduction[]): { readonly definition: IProduction[] } | null => {
    for (const part of parts) {
      if (part instanceof Terminal || part instanceof NonTerminal) continue;
      const branch = part as Option;
      if (branch instanceof KINDS[kind] && (branch as IProductionWithOccurrence).idx === occurrence) return branch;
      const found = within(branch.definition);
      if (found !== null) return found;
    }
    return null;
  };
  const found = within(rule.definition);
  if (found === null) throw new Error(`the rule ${rule.name} has no ${kind} ${occurrence}`);
  return found;
}
