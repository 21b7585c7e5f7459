/** Random ASTs of the whole language, without spans: what the builder could make and the parser can give back. */
import fc from 'fast-check';
import {
  type Arg,
  type BinaryOp,
  type Call,
  type Expr,
  type FlowFile,
  type From,
  type FStringExpr,
  type FStringText,
  type GroupElement,
  type Name,
  type NamedExpr,
  noSpan,
  type Pipeline,
  type Relation,
  type SelectItem,
  type SortKey,
  type Statement,
  type Step,
  type StructType,
  type TypeNode,
} from '../../grammar/ast.ts';

const span = noSpan;
const verbSpan = noSpan;
type A<T> = fc.Arbitrary<T>;
const nullable = <T>(of: A<T>): A<T | null> => fc.option(of, { nil: null, freq: 2 });
const some = <T>(of: A<T>, max = 3): A<T[]> => fc.array(of, { minLength: 1, maxLength: max });
const any = <T>(of: A<T>, max = 3): A<T[]> => fc.array(of, { maxLength: max });

/** Plain names, words that mean something somewhere, and names that need backticks. */
const text = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('a', 'b', 'x1', 'customer_id', 'größe', '名前') },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'by',
      'sort',
      'as',
      'on',
      'add',
      'matching',
      'one',
      'at',
      'most',
      'many',
      'outer',
      'values',
      'into',
      'seed',
      'rest',
      'otherwise',
      'rows',
      'range',
      'asc',
      'desc',
      'nulls',
      'first',
      'last',
      'over',
      'matches',
      'label',
      'features',
      'metric',
      'trials',
      'folds',
      'halving',
      'except',
      'all',
      'distinct',
      'name',
      'forward',
      'backward',
      'list',
      'map',
      'scalar',
      'rollup',
      'cube',
      'sets',
      'left',
      'semi',
      'take',
      'where',
      'f',
      'r',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('end', 'from', 'null', 'unit price', '1st', 'a`b', 'a\\b', '€', 'line\nbreak', '#'),
  },
);
const name: A<Name> = text.map((value) => ({ kind: 'name', span, text: value }));
const distinctNames = (min: number, max: number): A<Name[]> =>
  fc.uniqueArray(name, { minLength: min, maxLength: max, selector: (item) => item.text });
const word = fc.constantFrom('csv', 'parquet', 'gbt', 'error', 'auc', 'json');
const chars = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 8 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('a "quoted" one', '{x} }} {{', '\\d+\n', '# no comment', '"""', '\u{1f600}'),
  },
);

// ------------------------------------------------------------------------------------------------------ types

const { type, structType } = fc.letrec<{ type: TypeNode; plain: TypeNode; structType: StructType }>((tie) => ({
  plain: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({
      kind: fc.constant('typeName' as const),
      span: fc.constant(span),
      name: fc.constantFrom('int', 'string', 'Order', 'list', 'map', 'json'),
      args: fc.constant([]),
    }),
    fc.record({
      kind: fc.constant('typeName' as const),
      span: fc.constant(span),
      name: fc.constantFrom('decimal', 'timestamp'),
      args: some(fc.oneof(fc.nat(38), fc.constantFrom('Europe/Paris', 'UTC')), 2),
    }),
    fc.record({ kind: fc.constant('listType' as const), span: fc.constant(span), element: tie('type') }),
    fc.record({ kind: fc.constant('mapType' as const), span: fc.constant(span), key: tie('type'), value: tie('type') }),
    tie('structType'),
  ),
  structType: distinctNames(0, 3)
    .chain((names) =>
      fc.tuple(
        ...names.map((item) =>
          fc.record({
            kind: fc.constant('typeField' as const),
            span: fc.constant(span),
            name: fc.constant(item),
            type: tie('type'),
          }),
        ),
      ),
    )
    .map((fields) => ({ kind: 'structType' as const, span, fields })),
  type: fc.oneof(
    { weight: 3, arbitrary: tie('plain') },
    { weight: 1, arbitrary: tie('plain').map((inner) => ({ kind: 'optionalType' as const, span, inner })) },
  ),
}));
const bareType: A<TypeNode> = type.map((item) => (item.kind === 'optionalType' ? item.inner : item));

// ------------------------------------------------------------------------------------------------ expressions

const binaryOps: BinaryOp[] = [
  'or',
  'and',
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'is',
  'is not',
  'like',
  'not like',
  'matches',
  'not matches',
  '??',
  '+',
  '-',
  '*',
  '/',
  '//',
  '%',
];
const digits = fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String);
const literal: A<Expr> = fc.oneof(
  fc.constant<Expr>({ kind: 'null', span }),
  fc.boolean().map((value): Expr => ({ kind: 'bool', span, value })),
  digits.map((value): Expr => ({ kind: 'int', span, value })),
  fc.constantFrom('0.5', '1e-3', '2.50', '1.5E10').map((value): Expr => ({ kind: 'float', span, value })),
  chars.map((value): Expr => ({ kind: 'string', span, value, raw: false })),
  fc.constantFrom('^\\d+$', 'a\\b', '').map((value): Expr => ({ kind: 'string', span, value, raw: true })),
  fc.constantFrom('2024-05-01', '2000-02-29').map((value): Expr => ({ kind: 'date', span, value })),
  fc.constantFrom('12:30', '23:59:59.125').map((value): Expr => ({ kind: 'time', span, value })),
  fc
    .constantFrom('2024-05-01T12:00:00Z', '2024-05-01T12:00', '2024-05-01T12:00:00.5+02:00')
    .map((value): Expr => ({ kind: 'timestamp', span, value })),
  some(
    fc.record({
      amount: fc.nat(999).map(String),
      unit: fc.constantFrom(
        'y' as const,
        'mo' as const,
        'd' as const,
        'h' as const,
        'm' as const,
        's' as const,
        'ms' as const,
      ),
    }),
    2,
  ).map((parts): Expr => ({ kind: 'duration', span, parts })),
  fc.constantFrom('since', 'p1').map((value): Expr => ({ kind: 'paramRef', span, name: value })),
);

type Tied = {
  expr: Expr;
  call: Call;
  arg: Arg;
  sortKey: SortKey;
  namedExpr: NamedExpr;
  pipeline: Pipeline;
  step: Step;
  relation: Relation;
  selectItem: SelectItem;
  groupElement: GroupElement;
};

/** In an f-string no pipeline may stand. */
function pipelineFree(expr: unknown): boolean {
  return !JSON.stringify(expr).includes('"kind":"pipeline"');
}

const tied = fc.letrec<Tied>((tie) => {
  const expr = tie('expr');
  const leaf: A<Expr> = fc.oneof(
    literal,
    text.map((value): Expr => ({ kind: 'column', span, name: value })),
  );
  const node = <T extends object>(record: { [P in keyof T]: A<T[P]> }): A<T & { span: typeof span }> =>
    fc.record(record).map((value) => ({ ...value, span })) as A<T & { span: typeof span }>;
  const kind = <K extends string>(value: K): A<K> => fc.constant(value);
  const named = tie('namedExpr');
  const items = some(named);
  const seed = nullable(literal);
  const sorts = tie('sortKey');
  const plainSorts = sorts.map((key): SortKey => ({ ...key, descending: false, nulls: null }));
  const model = fc.oneof(
    node({ kind: kind('relationName'), name: text }),
    node({ kind: kind('formatCall'), format: name, args: any(tie('arg'), 2) }),
  );
  const format = node({ kind: kind('formatCall'), format: name, args: any(tie('arg')) });
  const star = node({ kind: kind('star'), except: any(name, 2) });
  const training = { algorithm: tie('call'), label: nullable(expr), features: any(tie('selectItem')), seed };
  const split = distinctNames(1, 3).chain((names) =>
    fc.tuple(
      ...names.map((item) =>
        fc.oneof(
          node({
            kind: kind('splitOutput'),
            name: kind('').map(() => item),
            test: fc.constantFrom('when' as const, 'fraction' as const),
            value: expr,
          }),
          node({
            kind: kind('splitOutput'),
            name: kind('').map(() => item),
            test: kind('rest'),
            value: fc.constant(null),
          }),
        ),
      ),
    ),
  );
  const step = <T extends { kind: string }>(record: { [P in keyof T]: A<T[P]> }): A<Step> =>
    fc.record(record).map((value) => ({ ...value, span, verbSpan })) as unknown as A<Step>;
  return {
    expr: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      leaf,
      node<{ kind: 'binary'; op: BinaryOp; opSpan: typeof span; left: Expr; right: Expr }>({
        kind: kind('binary'),
        op: fc.constantFrom(...binaryOps),
        opSpan: fc.constant(span),
        left: expr,
        right: expr,
      }),
      node({ kind: kind('unary'), op: fc.constantFrom('-' as const, '+' as const, 'not' as const), operand: expr }),
      node({ kind: kind('between'), value: expr, negated: fc.boolean(), low: expr, high: expr }),
      node({
        kind: kind('in'),
        value: expr,
        negated: fc.boolean(),
        set: fc.oneof({ weight: 3, arbitrary: expr }, { weight: 1, arbitrary: tie('pipeline') }),
      }),
      node({ kind: kind('cast'), value: expr, type: bareType, safe: fc.boolean() }),
      node({ kind: kind('field'), target: expr, name }),
      node({ kind: kind('index'), target: expr, index: expr }),
      node({ kind: kind('range'), low: expr, high: expr }),
      node({ kind: kind('list'), items: any(expr) }),
      distinctNames(0, 2)
        .chain((names) =>
          fc.tuple(...names.map((item) => node({ kind: kind('structField'), name: fc.constant(item), value: expr }))),
        )
        .map((fields): Expr => ({ kind: 'struct', span, fields })),
      node({
        kind: kind('case'),
        subject: nullable(expr),
        branches: some(node({ kind: kind('caseBranch'), when: expr, then: expr }), 2),
        otherwise: nullable(expr),
      }),
      node({ kind: kind('scalar'), pipeline: tie('pipeline') }),
      tie('call'),
      any(
        fc.oneof(
          chars
            .filter((value) => value !== '')
            .map((value): FStringText | FStringExpr => ({ kind: 'fstringText', span, text: value })),
          expr.filter(pipelineFree).map((value): FStringText | FStringExpr => ({ kind: 'fstringExpr', span, value })),
        ),
      ).map(
        (parts): Expr => ({
          kind: 'fstring',
          span,
          parts: parts.filter((part, i) => part.kind === 'fstringExpr' || parts[i - 1]?.kind !== 'fstringText'),
        }),
      ),
      node({
        kind: kind('over'),
        call: tie('call'),
        by: any(expr, 2),
        sort: any(sorts, 2),
        frame: nullable(
          node({
            kind: kind('frame'),
            unit: fc.constantFrom('rows' as const, 'range' as const),
            low: nullable(expr),
            high: nullable(expr),
          }),
        ),
      }),
    ) as A<Expr>,
    call: fc.record({ called: name, distinct: fc.boolean(), args: any(tie('arg')) }).map(
      (value): Call => ({
        kind: 'call',
        span,
        name: value.called,
        distinct: value.distinct && value.args.length > 0,
        args: value.args,
      }),
    ),
    arg: fc
      .record({
        name: nullable(name),
        value: fc.oneof(
          { weight: 6, arbitrary: expr },
          {
            weight: 1,
            arbitrary: fc
              .record({ params: distinctNames(0, 2), body: expr })
              .map((value): Expr => ({ kind: 'lambda', span, ...value })),
          },
        ),
      })
      .map((value): Arg => ({ kind: 'arg', span, ...value })),
    sortKey: fc
      .record({
        value: expr,
        descending: fc.boolean(),
        nulls: fc.constantFrom(null, 'first' as const, 'last' as const),
      })
      .map((value): SortKey => ({ kind: 'sortKey', span, ...value })),
    namedExpr: fc
      .record({ name: nullable(name), value: expr })
      .map((value): NamedExpr => ({ kind: 'namedExpr', span, ...value })),
    selectItem: fc.oneof<[A<SelectItem>, A<SelectItem>, A<SelectItem>]>(
      star as A<SelectItem>,
      chars.map((pattern): SelectItem => ({ kind: 'pattern', span, pattern })),
      named,
    ),
    groupElement: fc.oneof(
      { weight: 3, arbitrary: named as A<GroupElement> },
      {
        weight: 1,
        arbitrary: fc.oneof(
          fc.record({ form: fc.constantFrom('rollup' as const, 'cube' as const), keys: items }).map(
            ({ form, keys }): GroupElement => ({
              kind: 'groupingSets',
              span,
              form,
              sets: [{ kind: 'groupingSet', span, keys }],
            }),
          ),
          some(any(named, 2), 2).map(
            (sets): GroupElement => ({
              kind: 'groupingSets',
              span,
              form: 'sets',
              sets: sets.map((keys) => ({ kind: 'groupingSet', span, keys })),
            }),
          ),
        ),
      },
    ),
    relation: fc.oneof<[A<Relation>, A<Relation>, A<Relation>]>(
      node({ kind: kind('relationName'), name: text }) as A<Relation>,
      format as A<Relation>,
      tie('pipeline'),
    ),
    pipeline: fc
      .record({
        relation: fc.oneof(
          { weight: 5, arbitrary: tie('relation') as A<From['relation']> },
          { weight: 1, arbitrary: chars.map((value): From['relation'] => ({ kind: 'sqlSource', span, text: value })) },
        ),
        type: nullable(type),
        steps: any(tie('step'), 3),
      })
      .map(
        (value): Pipeline => ({
          kind: 'pipeline',
          span,
          source: { kind: 'from', span, verbSpan, relation: value.relation, type: value.type },
          steps: value.steps,
        }),
      ),
    step: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      step({ kind: fc.constantFrom('where', 'remove'), condition: expr }),
      step({ kind: kind('skip'), amount: expr }),
      step({ kind: kind('derive'), items }),
      step({ kind: fc.constantFrom('select', 'drop'), items: some(tie('selectItem')) }),
      step({ kind: kind('rename'), items: some(node({ kind: kind('renameItem'), to: name, from: name })) }),
      fc
        .record({ items: any(named), by: any(tie('groupElement')) })
        .filter((value) => value.items.length + value.by.length > 0)
        .map((value): Step => ({ kind: 'summarize', span, verbSpan, ...value })),
      step({ kind: kind('sort'), keys: some(sorts) }),
      step({ kind: kind('distinct'), keys: any(named) }),
      step({
        kind: kind('take'),
        amount: fc.oneof(
          expr,
          fc.oneof(
            node({ kind: kind('range'), low: expr, high: nullable(expr) }),
            node({ kind: kind('range'), low: fc.constant(null), high: expr }),
          ),
        ),
        sort: any(sorts, 2),
        by: any(named, 2),
      }),
      step({
        kind: kind('join'),
        joinKind: fc.constantFrom('inner', 'left', 'right', 'full', 'semi', 'anti', 'asof', 'cross'),
        relation: tie('relation'),
        alias: nullable(name),
        on: nullable(expr),
        matching: fc.constantFrom(null, 'one', 'at most one', 'many'),
        add: any(named, 2),
      }),
      step({
        kind: kind('setStep'),
        op: fc.constantFrom('union', 'except', 'intersect'),
        quantifier: fc.constantFrom(null, 'all', 'distinct'),
        byName: fc.boolean(),
        relations: some(tie('relation'), 2),
      }),
      step({
        kind: kind('explode'),
        outer: fc.boolean(),
        items: some(node({ kind: kind('explodeItem'), value: expr, alias: nullable(name) })),
      }),
      step({ kind: kind('pivot'), column: expr, values: expr, into: items, by: any(named, 2) }),
      step({ kind: kind('unpivot'), items: some(tie('selectItem')), nameColumn: name, valueColumn: name }),
      step({ kind: kind('sample'), amount: expr, by: any(named, 2), seed }),
      step({ kind: kind('split'), outputs: split, by: any(named, 2), seed }),
      step({
        kind: kind('expect'),
        checks: some(
          node({
            kind: kind('expectCheck'),
            condition: expr,
            message: nullable(chars.map((value) => ({ kind: 'string' as const, span, value, raw: false }))),
          }),
          2,
        ),
        action: nullable(node({ kind: kind('expectAction'), name, args: any(tie('arg'), 2) })),
      }),
      fc.oneof(
        step({ kind: kind('repartition'), count: nullable(expr), mode: kind('hash'), keys: any(plainSorts, 2) }),
        step({ kind: kind('repartition'), count: nullable(expr), mode: kind('range'), keys: some(sorts, 2) }),
      ),
      step({ kind: kind('shuffle'), seed }),
      step({ kind: kind('map'), batches: fc.boolean(), fn: name, type: nullable(type) }),
      fc.oneof(
        step({ kind: kind('fill'), mode: kind('value'), items, sort: any(sorts, 1), by: any(named, 1) }),
        step({
          kind: kind('fill'),
          mode: fc.constantFrom('forward', 'backward'),
          sort: any(sorts, 1),
          by: any(named, 1),
          items: some(
            text.map(
              (value): NamedExpr => ({
                kind: 'namedExpr',
                span,
                name: null,
                value: { kind: 'column', span, name: value },
              }),
            ),
          ),
        }),
      ),
      step({ kind: kind('train'), ...training }),
      step({ kind: kind('tune'), ...training, metric: nullable(name), trials: seed, folds: seed, halving: seed }),
      step({ kind: kind('predict'), model, alias: nullable(name) }),
      step({ kind: kind('evaluate'), model, by: any(named, 2) }),
      step({ kind: kind('write'), target: format }),
      step({ kind: kind('callStep'), call: tie('call') }),
    ),
  };
});

// ------------------------------------------------------------------------------------------------- statements

const path = word.map((value) => ({ kind: 'string' as const, span, value: `./${value}.flow`, raw: false }));
const statement: A<Statement> = fc.oneof(
  fc
    .record({ name, type, default: nullable(tied.expr) })
    .map((value): Statement => ({ kind: 'param', span, ...value })),
  fc.record({ name, type: structType }).map((value): Statement => ({ kind: 'schema', span, ...value })),
  distinctNames(0, 3)
    .chain((names) =>
      fc.record({
        path,
        items: fc.tuple(
          ...names.map((item) =>
            fc
              .record({
                type: nullable(
                  fc
                    .record({ params: any(type), result: type })
                    .map((value) => ({ kind: 'functionType' as const, span, ...value })),
                ),
                renamed: fc.boolean(),
              })
              .map((value) => ({
                kind: 'useItem' as const,
                span,
                name: item,
                alias: value.renamed ? item : null,
                type: value.type,
              })),
          ),
        ),
      }),
    )
    .map((value): Statement => ({ kind: 'use', span, ...value })),
  distinctNames(0, 3)
    .chain((names) =>
      fc.record({
        path,
        items: fc.constant(names.map((item) => ({ kind: 'importItem' as const, span, name: item, alias: null }))),
      }),
    )
    .map((value): Statement => ({ kind: 'import', span, ...value })),
  distinctNames(0, 3)
    .chain((names) =>
      fc.record({
        name,
        params: fc.tuple(
          ...names.map((item) =>
            fc
              .record({ type: nullable(type), default: nullable(tied.expr) })
              .map((value) => ({ kind: 'fnParam' as const, span, name: item, ...value })),
          ),
        ),
        body: fc.oneof(
          tied.expr,
          some(tied.step).map((steps) => ({ kind: 'stepsBody' as const, span, steps })),
        ),
      }),
    )
    .map((value): Statement => ({ kind: 'fn', span, ...value })),
  fc
    .oneof(
      distinctNames(1, 1).map((names) => ({ names, destructured: false })),
      distinctNames(1, 3).map((names) => ({ names, destructured: true })),
    )
    .chain((head) => tied.pipeline.map((pipeline): Statement => ({ kind: 'let', span, ...head, pipeline }))),
  tied.pipeline,
);

export const expressions: A<Expr> = tied.expr;
export const files: A<FlowFile> = any(statement, 4).map((statements) => ({ kind: 'file', span, statements }));
