import type * as Ast from '../../grammar/ast.ts';
import { printFile } from '../../grammar/print.ts';
import type { FlowResult, FlowRunOptions, Row } from '../run.ts';
import { Expr, type ExprInput, toExpr } from './expr.ts';
import { type Algorithm, Format } from './formats.ts';
import {
  type GroupInput,
  groupList,
  type ItemList,
  type Items,
  itemList,
  namedItems,
  type SelectInput,
  type SortInput,
  selectItems,
  sortKeys,
} from './items.ts';
import { column, make, makeStep, name, text, type Value, valueNode } from './nodes.ts';
import { program } from './program.ts';
import { flowsIn, placed } from './subflows.ts';
import { parseType } from './text.ts';
import { mapStep, tableCall, type Udf } from './udf.ts';

/**
 * Where a flow begins, or the step that it adds to another one. The program is put together from these links (program.ts). `others`: the flows
 * that the step refers to; as `models`, they are used by name.
 */
export type Link =
  | { readonly kind: 'source'; readonly format: Ast.FormatCall; readonly type: Ast.TypeNode | null }
  | {
      readonly kind: 'step';
      readonly parent: Flow;
      readonly others: readonly Flow[];
      readonly models: boolean;
      readonly build: StepBuilder;
    }
  /** A query; `relations` are the flows that it names, by those names. */
  | {
      readonly kind: 'sql';
      readonly text: string;
      readonly type: Ast.TypeNode;
      readonly relations: ReadonlyMap<string, Flow>;
    }
  | {
      readonly kind: 'output';
      readonly parent: Flow;
      readonly split: object;
      readonly names: readonly string[];
      readonly own: string;
      readonly build: StepBuilder;
    };

/** The step, once it is known under which names other flows are written. */
export type StepBuilder = (relationOf: (flow: Flow) => Ast.Relation) => Ast.Step;

export type JoinKind = Ast.JoinKind;

export interface JoinOptions {
  /** The name of the right side in `on` and `add`. */
  readonly as?: string;
  /** The condition; its equalities between both sides become keys. A cross join has none. */
  readonly on?: ExprInput;
  /** How many rows of the right side a row may match; broken, it fails the run. */
  readonly matching?: 'one' | 'at most one' | 'many';
  /** The columns of the right side that enter; all of them where none is named. */
  readonly add?: ItemList;
}

/** An order of rows, and the groups within which they have it. */
export interface GroupOptions {
  readonly sort?: SortInput | readonly SortInput[];
  readonly by?: ItemList;
}

export interface SetOptions {
  /** Rows count as often as they are there. */
  readonly all?: boolean;
  /** A column that one side does not have is null there. */
  readonly byName?: boolean;
}

export interface TrainOptions {
  readonly label: ExprInput;
  readonly features: SelectInput | readonly SelectInput[];
  readonly seed?: number;
}

/** A condition, or one with what is said when it is false. */
export type CheckInput = ExprInput | { readonly condition: ExprInput; readonly message: string };

/** What becomes of rows that fail. */
export type ExpectFate = 'error' | 'warn' | 'drop' | { readonly quarantine: string };

export interface TuneOptions extends TrainOptions {
  /** What is best: `rmse`, `mae`, `r2`, or `log_loss`, `accuracy`, `auc`. Default: `rmse`, `log_loss`. */
  readonly metric?: string;
  /** Combinations to try; default: all. */
  readonly trials?: number;
  /** Default: 5. */
  readonly folds?: number;
  /** Ends trials early, in rounds: each keeps one in so many trials, and gives them so many times the rows. Default: all trials have all rows. */
  readonly halving?: number;
}

/** Column names with their types as the language writes them: `{ id: 'int', amount: 'decimal(12, 2)?' }`. */
export type SchemaInput = Readonly<Record<string, string>>;

/**
 * A pipeline. Immutable: every method gives a new one, and a flow that several others go on from is read once. It has the syntax tree of
 * a `.flow` file underneath, so that both give the same plan.
 */
export class Flow {
  readonly link: Link;
  /** The name that was asked for with `named`, or null. */
  readonly label: string | null;

  constructor(link: Link, label: string | null = null) {
    this.link = link;
    this.label = label;
  }

  #add(step: Ast.Step): Flow {
    return this.#step(() => step, [], false, [step]);
  }

  /** `parts`: what expressions of the step are made of, which may hold flows as values. */
  #step(
    build: StepBuilder,
    others: readonly Flow[] = [],
    models = false,
    parts: readonly (Ast.Node | null)[] = [],
  ): Flow {
    const values = flowsIn(parts.filter((part) => part !== null));
    const whole: StepBuilder = values.length === 0 ? build : (relationOf) => placed(build(relationOf), relationOf);
    return new Flow({ kind: 'step', parent: this, others: [...others, ...values], models, build: whole });
  }

  /** Gives it a name, as `let` does: for messages, and for `toFlow`. */
  named(label: string): Flow {
    return new Flow(this.link, label);
  }

  where(condition: ExprInput): Flow {
    return this.#add(makeStep('where', { condition: toExpr(condition) }));
  }

  /** Drops the rows for which the condition is true; those for which it is null stay. */
  remove(condition: ExprInput): Flow {
    return this.#add(makeStep('remove', { condition: toExpr(condition) }));
  }

  /** Adds or replaces columns; each sees the ones before it. */
  derive(items: Items): Flow {
    return this.#add(makeStep('derive', { items: namedItems(items) }));
  }

  select(...items: readonly SelectInput[]): Flow {
    return this.#add(makeStep('select', { items: selectItems(items) }));
  }

  /** Columns and patterns (`x_*`). */
  drop(...items: readonly string[]): Flow {
    return this.#add(makeStep('drop', { items: selectItems(items) }));
  }

  /** New names by old: `{ new: 'old' }`. */
  rename(names: Readonly<Record<string, string>>): Flow {
    const items = Object.entries(names).map(([to, from]) => make('renameItem', { to: name(to), from: name(from) }));
    return this.#add(makeStep('rename', { items }));
  }

  /** One row for each group; without `by`, one in all. Keys may be `rollup(…)`, `cube(…)` and `sets(…)`. */
  summarize(items: Items, options: { readonly by?: GroupInput } = {}): Flow {
    return this.#add(makeStep('summarize', { items: namedItems(items), by: groupList(options.by) }));
  }

  /** `sort('country', desc('n'))`; keys as text may say `n desc nulls first`. */
  sort(...keys: readonly (SortInput | readonly SortInput[])[]): Flow {
    return this.#add(makeStep('sort', { keys: sortKeys(keys) }));
  }

  /**
   * The first rows; `take({ from: 11, to: 20 })` counts from 1, both ends included. `sort`: in that order; `by`: of each group:
   * `take(3, { sort: desc('revenue'), by: 'region' })`.
   */
  take(amount: number | { readonly from?: number; readonly to?: number }, options: GroupOptions = {}): Flow {
    const end = (value: number | undefined) => (value === undefined ? null : valueNode(value));
    const node =
      typeof amount === 'number' ? valueNode(amount) : make('range', { low: end(amount.from), high: end(amount.to) });
    return this.#add(makeStep('take', { amount: node, ...groupClauses(options) }));
  }

  /** Values where columns are null: `fill({ price: 'mean(price)' })`. */
  fill(items: Items): Flow;
  /** The nearest value before the row (`forward`) or behind it: `fill('forward', 'price', { sort: 'day', by: 'item' })`. */
  fill(from: 'forward' | 'backward', columns: string | readonly string[], options?: GroupOptions): Flow;
  fill(
    what: Items | 'forward' | 'backward',
    columns: string | readonly string[] = [],
    options: GroupOptions = {},
  ): Flow {
    if (typeof what === 'object')
      return this.#add(makeStep('fill', { mode: 'value', items: namedItems(what), sort: [], by: [] }));
    const items = (Array.isArray(columns) ? columns : [columns]).map((one: string) =>
      make('namedExpr', { name: null, value: column(one) }),
    );
    return this.#add(makeStep('fill', { mode: what, items, ...groupClauses(options) }));
  }

  skip(amount: number): Flow {
    return this.#add(makeStep('skip', { amount: valueNode(amount) }));
  }

  /** The first row for each combination of the keys, of all columns without keys. */
  distinct(...keys: readonly (ExprInput | Items)[]): Flow {
    return this.#add(makeStep('distinct', { keys: itemList(keys) }));
  }

  join(kind: JoinKind, other: Flow | Format, options: JoinOptions = {}): Flow {
    const right = flow(other);
    const on = options.on === undefined ? null : toExpr(options.on);
    const add = itemList(options.add);
    return this.#step(
      (relationOf) =>
        makeStep('join', {
          joinKind: kind,
          relation: relationOf(right),
          alias: options.as === undefined ? null : name(options.as),
          on,
          matching: options.matching ?? null,
          add,
        }),
      [right],
      false,
      [on, ...add],
    );
  }

  /** Rows below each other, columns matched by name. `byName`: a column that one side does not have is null there. */
  union(
    others: Flow | Format | readonly (Flow | Format)[],
    options: { readonly distinct?: boolean; readonly byName?: boolean } = {},
  ): Flow {
    const list = (others instanceof Flow || others instanceof Format ? [others] : others).map((one) => flow(one));
    return this.#step(
      (relationOf) =>
        makeStep('setStep', {
          op: 'union',
          quantifier: options.distinct === true ? 'distinct' : null,
          byName: options.byName ?? false,
          relations: list.map(relationOf),
        }),
      list,
    );
  }

  /**
   * One row for each item of a list: `explode('tags')`, or with names for the items, `explode({ item: 'items' })`. Several lists go in step. `outer`: a row
   * without items stays, with nulls.
   */
  explode(items: ItemList, options: { readonly outer?: boolean } = {}): Flow {
    const list = itemList(items).map(({ name: alias, value }) => make('explodeItem', { value, alias }));
    return this.#add(makeStep('explode', { outer: options.outer ?? false, items: list }));
  }

  /** One column for each of the values, of aggregates over the rows that have it: `pivot('month', ['jan', 'feb'], 'sum(rev)', { by: 'product' })`. */
  pivot(
    column: ExprInput,
    values: readonly Value[] | Expr,
    into: ItemList,
    options: { readonly by?: ItemList } = {},
  ): Flow {
    const list = values instanceof Expr ? values.ast : make('list', { items: values.map(valueNode) });
    return this.#add(
      makeStep('pivot', { column: toExpr(column), values: list, into: itemList(into), by: itemList(options.by) }),
    );
  }

  /** One row for each of the columns: `unpivot(['jan', 'feb'], { name: 'month', value: 'rev' })`. */
  unpivot(items: SelectInput | readonly SelectInput[], into: { readonly name: string; readonly value: string }): Flow {
    const list = selectItems(Array.isArray(items) ? items : [items as SelectInput]);
    return this.#add(makeStep('unpivot', { items: list, nameColumn: name(into.name), valueColumn: name(into.value) }));
  }

  /** Rows that none of the others has, each once; with `all`, as often as they are there more often than in the others. */
  except(others: Flow | Format | readonly (Flow | Format)[], options: SetOptions = {}): Flow {
    return this.#set('except', others, options);
  }

  /** Rows that all of them have, each once; with `all`, as often as in the one that has them least. */
  intersect(others: Flow | Format | readonly (Flow | Format)[], options: SetOptions = {}): Flow {
    return this.#set('intersect', others, options);
  }

  #set(op: 'except' | 'intersect', others: Flow | Format | readonly (Flow | Format)[], options: SetOptions): Flow {
    const list = (others instanceof Flow || others instanceof Format ? [others] : others).map((one) => flow(one));
    const quantifier = options.all === true ? 'all' : null;
    return this.#step(
      (relationOf) =>
        makeStep('setStep', { op, quantifier, byName: options.byName ?? false, relations: list.map(relationOf) }),
      list,
    );
  }

  /**
   * Several flows of the rows of this one: shares (`{ tr: 0.8, te: 'rest' }`) or conditions (`{ good: 'status == "ok"', bad: 'rest' }`).
   * Shares go by a hash of the `by` columns and the seed.
   */
  split<K extends string>(
    outputs: Readonly<Record<K, number | ExprInput>>,
    options: { readonly by?: ItemList; readonly seed?: number } = {},
  ): Readonly<Record<K, Flow>> {
    const names = Object.keys(outputs) as K[];
    const step = makeStep('split', {
      outputs: names.map((key) => splitOutput(key, outputs[key])),
      by: itemList(options.by),
      seed: options.seed === undefined ? null : valueNode(options.seed),
    });
    const split = {};
    const flowOf = (own: K): Flow =>
      new Flow({ kind: 'output', parent: this, split, names, own, build: () => step }, own);
    return Object.fromEntries(names.map((key) => [key, flowOf(key)])) as Record<K, Flow>;
  }

  /** A model, which `predict` and `evaluate` take. */
  train(algorithm: Algorithm, options: TrainOptions): Flow {
    const features = selectItems(
      Array.isArray(options.features) ? options.features : [options.features as SelectInput],
    );
    return this.#add(
      makeStep('train', {
        algorithm: algorithm.ast,
        label: toExpr(options.label),
        features,
        seed: options.seed === undefined ? null : valueNode(options.seed),
      }),
    );
  }

  /** The model with the best options of those that the algorithm's spaces hold, by cross-validation, and a table of all trials. */
  tune(algorithm: Algorithm, options: TuneOptions): { readonly model: Flow; readonly trials: Flow } {
    const features = selectItems(
      Array.isArray(options.features) ? options.features : [options.features as SelectInput],
    );
    const number = (value: number | undefined) => (value === undefined ? null : valueNode(value));
    const step = makeStep('tune', {
      algorithm: algorithm.ast,
      label: toExpr(options.label),
      features,
      metric: options.metric === undefined ? null : name(options.metric),
      trials: number(options.trials),
      folds: number(options.folds),
      halving: number(options.halving),
      seed: number(options.seed),
    });
    const search = {};
    const names = ['model', 'trials'] as const;
    const [model, trials] = names.map(
      (own) => new Flow({ kind: 'output', parent: this, split: search, names, own, build: () => step }, own),
    ) as [Flow, Flow];
    return { model, trials };
  }

  /** Rows as objects through a function: an object is a row, null none, an array or a generator several. `as`: the columns that it gives. */
  map(fn: Udf, options: { readonly as?: SchemaInput } = {}): Flow {
    return this.#add(makeStep('map', mapStep(fn, false, schemaOf(options.as))));
  }

  /** Columns through a function, which gives an object of arrays. */
  mapBatches(fn: Udf, options: { readonly as?: SchemaInput } = {}): Flow {
    return this.#add(makeStep('map', mapStep(fn, true, schemaOf(options.as))));
  }

  /** Appends the prediction, as `prediction` where no name is given; of a classification, also its probability (`…_prob`). */
  predict(model: Flow | Format, options: { readonly as?: string } = {}): Flow {
    const alias = options.as === undefined ? null : name(options.as);
    return this.#step(
      (relationOf) => makeStep('predict', { model: modelNode(model, relationOf), alias }),
      model instanceof Flow ? [model] : [],
      true,
    );
  }

  /** Metrics of the model over these rows. */
  evaluate(model: Flow | Format, options: { readonly by?: ItemList } = {}): Flow {
    const by = itemList(options.by);
    return this.#step(
      (relationOf) => makeStep('evaluate', { model: modelNode(model, relationOf), by }),
      model instanceof Flow ? [model] : [],
      true,
    );
  }

  /** Conditions that the data is to meet; `else` says what becomes of rows that do not (default: the run fails). */
  expect(checks: CheckInput | readonly CheckInput[], options: { readonly else?: ExpectFate } = {}): Flow {
    const list = Array.isArray(checks) ? (checks as readonly CheckInput[]) : [checks as CheckInput];
    const action = options.else === undefined ? null : expectAction(options.else);
    return this.#add(makeStep('expect', { checks: list.map(expectCheck), action }));
  }

  /** A share of the rows (0.1; 1 is one row), or so many of them. Always the same for one seed. */
  sample(
    amount: number | { readonly share: number },
    options: { readonly by?: ItemList; readonly seed?: number } = {},
  ): Flow {
    return this.#add(
      makeStep('sample', {
        amount: typeof amount === 'number' ? valueNode(amount) : shareNode(amount.share),
        by: itemList(options.by),
        seed: options.seed === undefined ? null : valueNode(options.seed),
      }),
    );
  }

  /** All rows in a random order, always the same for one seed. */
  shuffle(options: { readonly seed?: number } = {}): Flow {
    return this.#add(makeStep('shuffle', { seed: options.seed === undefined ? null : valueNode(options.seed) }));
  }

  /** Rows with equal keys next to each other, in `count` groups; by `range`, in the order of the keys. */
  repartition(options: {
    readonly count?: number;
    readonly by?: SortInput | readonly SortInput[];
    readonly range?: SortInput | readonly SortInput[];
  }): Flow {
    const keys = options.range ?? options.by;
    return this.#add(
      makeStep('repartition', {
        count: options.count === undefined ? null : valueNode(options.count),
        mode: options.range === undefined ? 'hash' : 'range',
        keys: keys === undefined ? [] : sortKeys([keys]),
      }),
    );
  }

  /** Ends it in a file. */
  write(target: Format): Flow {
    return this.#add(makeStep('write', { target: target.ast }));
  }

  /** The file that it is: this pipeline, and a `let` for every flow that is used more than once. */
  toAst(): Ast.FlowFile {
    return program([this]);
  }

  /** The text of that file. */
  toFlow(): string {
    return printFile(this.toAst());
  }

  /** Runs it. Throws DiagnosticsError for mistakes, RunError for what goes wrong while it runs. */
  async run(options: FlowRunOptions = {}): Promise<FlowResult> {
    const { runAst } = await import('../run.ts');
    return runAst(this.toAst(), this.toFlow(), options);
  }

  /** Runs it and gives its rows as objects: for results that fit into the process; larger ones belong into a `write`. */
  async collect(options: FlowRunOptions = {}): Promise<readonly Row[]> {
    const { results } = await this.run(options);
    return results[0]?.rows ?? [];
  }
}

function groupClauses({ sort, by }: GroupOptions): { sort: readonly Ast.SortKey[]; by: readonly Ast.NamedExpr[] } {
  return { sort: sort === undefined ? [] : sortKeys([sort]), by: itemList(by) };
}

function modelNode(model: Flow | Format, relationOf: (flow: Flow) => Ast.Relation): Ast.RelationName | Ast.FormatCall {
  if (model instanceof Format) return model.ast;
  const node = relationOf(model);
  if (node.kind === 'pipeline') throw new Error('a model was not given a name');
  return node;
}

function splitOutput(key: string, value: number | ExprInput): Ast.SplitOutput {
  if (value === 'rest') return make('splitOutput', { name: name(key), test: 'rest', value: null });
  if (typeof value === 'number')
    return make('splitOutput', { name: name(key), test: 'fraction', value: valueNode(value) });
  return make('splitOutput', { name: name(key), test: 'when', value: toExpr(value) });
}

/** A number with a point, also where it is whole. */
function shareNode(share: number): Ast.Expr {
  return Number.isInteger(share) ? make('float', { value: `${share}.0` }) : valueNode(share);
}

function expectCheck(check: CheckInput): Ast.ExpectCheck {
  const { condition, message } =
    typeof check === 'object' && 'condition' in check ? check : { condition: check, message: undefined };
  return make('expectCheck', {
    condition: toExpr(condition),
    message: message === undefined ? null : text(message),
  });
}

function expectAction(fate: ExpectFate): Ast.ExpectAction {
  if (typeof fate === 'string') return make('expectAction', { name: name(fate), args: [] });
  const args = [make('arg', { name: null, value: valueNode(fate.quarantine) })];
  return make('expectAction', { name: name('quarantine'), args });
}

/** Begins a pipeline: with a source, with the rows that a call of a `udf` gives, either under a stated schema, or with another flow. */
export function flow(source: Format | Expr | Flow, schema?: SchemaInput): Flow {
  if (source instanceof Flow) return source;
  const format = source instanceof Expr ? tableCall(source) : source.ast;
  return new Flow({ kind: 'source', format, type: schema === undefined ? null : schemaNode(schema) });
}

function schemaOf(schema: SchemaInput | undefined): Ast.StructType | null {
  return schema === undefined ? null : schemaNode(schema);
}

function schemaNode(schema: SchemaInput): Ast.StructType {
  const fields = Object.entries(schema).map(([key, type]) =>
    make('typeField', { name: name(key), type: parseType(type) }),
  );
  return make('structType', { fields });
}

/** Begins a pipeline with a query in SQL over other flows, which it names by the keys of `relations`; `schema` are its columns. */
export function sql(query: string, schema: SchemaInput, relations: Readonly<Record<string, Flow | Format>> = {}): Flow {
  const flows = Object.entries(relations).map(([key, one]) => [key, flow(one)] as const);
  return new Flow({ kind: 'sql', text: query, type: schemaNode(schema), relations: new Map(flows) });
}
