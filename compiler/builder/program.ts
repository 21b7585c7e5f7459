/** From flows that refer to each other to one file: what is used more than once becomes a `let`. */
import type * as Ast from '../../grammar/ast.ts';
import { noSpan } from '../../grammar/ast.ts';
import type { Flow, Link } from './flow.ts';
import { make, name } from './nodes.ts';
import { paramsOf } from './params.ts';
import { usesOf } from './udf.ts';

/**
 * The file of some flows: the parameters they use, a `let` for each flow with a name and for each that several others go on from, in the order in which they are
 * needed, and a pipeline for each of `flows`, in their order.
 */
export function program(flows: readonly Flow[]): Ast.FlowFile {
  const uses = countUses(flows);
  const writer = new Writer(uses);
  const pipelines = flows.map((one) => writer.statement(one));
  const statements = [...writer.lets, ...pipelines];
  return { kind: 'file', span: noSpan, statements: [...usesOf(statements), ...paramsOf(statements), ...statements] };
}

/** Flows are told apart by their links: `named` gives another name to the same rows. */
interface Uses {
  readonly count: Map<Link, number>;
  readonly label: Map<Link, string>;
  readonly models: Set<Link>;
}

function countUses(flows: readonly Flow[]): Uses {
  const uses: Uses = { count: new Map(), label: new Map(), models: new Set() };
  const splits = new Set<object>();
  const visit = (one: Flow): void => {
    const { link } = one;
    const before = uses.count.get(link) ?? 0;
    uses.count.set(link, before + 1);
    if (one.label !== null && !uses.label.has(link)) uses.label.set(link, one.label);
    if (before > 0 || link.kind === 'source') return;
    if (link.kind === 'sql') {
      for (const other of link.relations.values()) visit(other);
      return;
    }
    // All outputs of a split read its rows once.
    if (link.kind === 'step' || !splits.has(link.split)) visit(link.parent);
    if (link.kind === 'output') splits.add(link.split);
    else {
      for (const other of link.others) visit(other);
      if (link.models) for (const other of link.others) uses.models.add(other.link);
    }
  };
  for (const one of flows) visit(one);
  return uses;
}

class Writer {
  readonly lets: Ast.LetStatement[] = [];
  readonly #uses: Uses;
  readonly #names = new Map<Link, string>();
  readonly #taken = new Set<string>();
  /** What queries name. */
  readonly #queried = new Map<string, Link>();
  readonly #splits = new Map<object, ReadonlyMap<string, string>>();

  constructor(uses: Uses) {
    this.#uses = uses;
  }

  /** The pipeline of an output of the program. */
  statement(one: Flow): Ast.Pipeline {
    const known = this.#needsLet(one.link) ? this.#letName(one) : null;
    return known === null ? this.#pipeline(one) : this.#from(make('relationName', { name: known }), null, []);
  }

  /** A link that is nobody's output needs a name when two flows go on from it, when it was given one, and when it is a model. */
  #needsLet(link: Link): boolean {
    const { count, label, models } = this.#uses;
    return link.kind === 'output' || models.has(link) || label.has(link) || (count.get(link) ?? 0) > 1;
  }

  #relation(one: Flow): Ast.Relation {
    if (this.#needsLet(one.link)) return make('relationName', { name: this.#letName(one) });
    return one.link.kind === 'source' && one.link.type === null ? one.link.format : this.#pipeline(one);
  }

  /** The steps back to where it begins, or to the nearest flow with a name. */
  #pipeline(one: Flow): Ast.Pipeline {
    const steps: Ast.Step[] = [];
    let at = one;
    while (at.link.kind === 'step') {
      steps.unshift(at.link.build((other) => this.#relation(other)));
      at = at.link.parent;
      if (this.#needsLet(at.link)) return this.#from(make('relationName', { name: this.#letName(at) }), null, steps);
    }
    const { link } = at;
    if (link.kind === 'source') return this.#from(link.format, link.type, steps);
    if (link.kind === 'sql') return this.#query(link, steps);
    return this.#from(make('relationName', { name: this.#letName(at) }), null, steps);
  }

  /** A let for each relation, under the very name that the query has for it. */
  #query(link: Link & { kind: 'sql' }, steps: readonly Ast.Step[]): Ast.Pipeline {
    for (const [wanted, one] of link.relations) {
      const known = this.#queried.get(wanted);
      if (known === one.link) continue;
      if (known !== undefined || this.#taken.has(wanted))
        throw new Error(`a query names a relation ${wanted}, and another flow has that name`);
      this.#queried.set(wanted, one.link);
      this.#taken.add(wanted);
      this.lets.push(make('let', { names: [name(wanted)], destructured: false, pipeline: this.statement(one) }));
    }
    return this.#from(make('sqlSource', { text: link.text }), link.type, steps);
  }

  #from(relation: Ast.Relation | Ast.SqlSource, type: Ast.TypeNode | null, steps: readonly Ast.Step[]): Ast.Pipeline {
    const source: Ast.From = { kind: 'from', span: noSpan, verbSpan: noSpan, relation, type };
    return make('pipeline', { source, steps });
  }

  /** The name of the let; written, with everything it needs, when it is first asked for. */
  #letName(one: Flow): string {
    const { link } = one;
    const known = this.#names.get(link);
    if (known !== undefined) return known;
    if (link.kind === 'output') return this.#outputName(link);
    const pipeline = this.#pipeline(one);
    const made = this.#freeName(this.#uses.label.get(link) ?? (this.#uses.models.has(link) ? 'model' : 'shared'));
    this.#names.set(link, made);
    this.lets.push(make('let', { names: [name(made)], destructured: false, pipeline }));
    return made;
  }

  #outputName(link: Link & { kind: 'output' }): string {
    const known = this.#splits.get(link.split) ?? this.#splitLet(link);
    const made = known.get(link.own) ?? link.own;
    this.#names.set(link, made);
    return made;
  }

  #splitLet(link: Link & { kind: 'output' }): ReadonlyMap<string, string> {
    const names = new Map(link.names.map((one) => [one, this.#freeName(one)]));
    this.#splits.set(link.split, names);
    const source = this.statement(link.parent);
    const step = link.build((other) => this.#relation(other));
    const renamed =
      step.kind === 'split'
        ? {
            ...step,
            outputs: step.outputs.map((output) => ({
              ...output,
              name: name(names.get(output.name.text) ?? output.name.text),
            })),
          }
        : step;
    const pipeline = { ...source, steps: [...source.steps, renamed] };
    this.lets.push(make('let', { names: [...names.values()].map((one) => name(one)), destructured: true, pipeline }));
    return names;
  }

  #freeName(wanted: string): string {
    let made = wanted;
    for (let i = 2; this.#taken.has(made); i++) made = `${wanted}_${i}`;
    this.#taken.add(made);
    return made;
  }
}
