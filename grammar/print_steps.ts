/** Steps as documents. On one line where they fit; else the items and the clauses stand on lines of their own. */
import type {
  ExpectStep,
  Expr,
  FormatCall,
  From,
  GroupElement,
  JoinStep,
  NamedExpr,
  Relation,
  RelationName,
  SelectItem,
  SortKey,
  SplitOutput,
  SqlSource,
  Step,
  TrainStep,
  TuneStep,
} from './ast.ts';
import { type Doc, group, indent, line } from './doc.ts';
import {
  argumentDocs,
  bracketed,
  callDoc,
  commaList,
  exprDoc,
  guardedDoc,
  leadingWord,
  level,
  nameDoc,
  operandDoc,
  type PrintContext,
  parens,
  rangeDoc,
  sortKeyDoc,
  stringText,
  typeDoc,
} from './print_expr.ts';
import { backticked, isVerb, joinKinds, quoteName } from './words.ts';

/** A verb, its items, its clauses. */
function step(verb: string, items: Doc | null, clauses: readonly (Doc | null)[] = []): Doc {
  const written = clauses.filter((item) => item !== null);
  const rest = written.map((item, i) => [items === null && i === 0 ? ' ' : line, item]);
  return group([verb, items === null ? '' : indent([line, items]), ...rest]);
}

/** A clause with one operand, or null when there is none. */
function clause(ctx: PrintContext, word: string, value: Expr | null): Doc | null {
  return value === null ? null : [word, ' ', exprDoc(ctx, value)];
}

function listClause(word: string, docs: readonly Doc[]): Doc | null {
  return docs.length === 0 ? null : group([word, indent([line, commaList(docs)])]);
}

/** `name = value`; the value goes to a line of its own when only that makes it fit. */
function namedDoc(ctx: PrintContext, item: NamedExpr, value: Doc = exprDoc(ctx, item.value)): Doc {
  if (item.name === null) return value;
  const breaks = item.value.kind === 'binary';
  return [nameDoc(item.name), ' =', breaks ? group(indent([line, value])) : [' ', value]];
}

function namedDocs(ctx: PrintContext, items: readonly NamedExpr[]): Doc[] {
  return items.map((item) => ctx.withComments(item, namedDoc(ctx, item)));
}

/** As {@link namedDocs}, for a place where an unnamed first item must not begin with one of `words`. */
function guardedDocs(ctx: PrintContext, items: readonly NamedExpr[], words: readonly string[]): Doc[] {
  return items.map((item, i) =>
    ctx.withComments(item, i === 0 && item.name === null ? guardedDoc(ctx, item.value, words) : namedDoc(ctx, item)),
  );
}

function byClause(ctx: PrintContext, items: readonly NamedExpr[]): Doc | null {
  return listClause('by', namedDocs(ctx, items));
}

function sortDocs(ctx: PrintContext, keys: readonly SortKey[]): Doc[] {
  return keys.map((key) => sortKeyDoc(ctx, key));
}

function selectDocs(ctx: PrintContext, items: readonly SelectItem[]): Doc[] {
  return items.map((item, i) => {
    const before = items[i - 1];
    return ctx.withComments(item, selectDoc(ctx, item, before?.kind === 'star' && before.except.length > 0));
  });
}

/** `behindExcept`: a bare name would be read as one more exception. */
function selectDoc(ctx: PrintContext, item: SelectItem, behindExcept: boolean): Doc {
  if (item.kind === 'star') return item.except.length === 0 ? '*' : `* except ${item.except.map(nameDoc).join(', ')}`;
  if (item.kind === 'pattern') return stringText(item.pattern);
  const { kind } = item.value;
  const taken = item.name === null && (kind === 'string' || (behindExcept && kind === 'column'));
  return taken ? parens(exprDoc(ctx, item.value)) : namedDoc(ctx, item);
}

function formatDoc(ctx: PrintContext, call: FormatCall, name = nameDoc(call.format)): Doc {
  return bracketed(`${name}(`, argumentDocs(ctx, call.args), ')');
}

/** Words that mean something else before or in the place of a relation's name. */
const relationWords: readonly string[] = [...joinKinds, 'as', 'on', 'matching', 'add', 'all', 'distinct', 'by', 'name'];

function relationDoc(ctx: PrintContext, relation: Relation): Doc {
  if (relation.kind === 'pipeline') return ctx.nested(relation);
  const name = relation.kind === 'formatCall' ? relation.format.text : relation.name;
  const written = relationWords.includes(name) ? backticked(name) : quoteName(name);
  return relation.kind === 'formatCall' ? formatDoc(ctx, relation, written) : written;
}

function modelDoc(ctx: PrintContext, model: RelationName | FormatCall): Doc {
  return model.kind === 'formatCall' ? formatDoc(ctx, model) : quoteName(model.name);
}

export function fromDoc(ctx: PrintContext, from: From): Doc {
  const { relation } = from;
  const source =
    relation.kind === 'sqlSource'
      ? sqlDoc(relation)
      : ['from ', relation.kind === 'relationName' ? quoteName(relation.name) : relationDoc(ctx, relation)];
  return from.type === null ? source : [source, ' as ', typeDoc(ctx, from.type)];
}

function sqlDoc(source: SqlSource): string {
  const { text } = source;
  return text.includes('"""') || text.endsWith('"') ? `sql ${stringText(text)}` : `sql """${text}"""`;
}

/** The step without its `|`. */
export function stepDoc(ctx: PrintContext, node: Step): Doc {
  switch (node.kind) {
    case 'where':
    case 'remove':
      return step(node.kind, exprDoc(ctx, node.condition));
    case 'derive':
      return step('derive', commaList(namedDocs(ctx, node.items)));
    case 'select':
    case 'drop':
      return step(node.kind, commaList(selectDocs(ctx, node.items)));
    case 'rename':
      return step(
        'rename',
        commaList(node.items.map((item) => ctx.withComments(item, `${nameDoc(item.to)} = ${nameDoc(item.from)}`))),
      );
    case 'summarize':
      return summarizeDoc(ctx, node);
    case 'sort':
      return step('sort', commaList(sortDocs(ctx, node.keys)));
    case 'take':
      return step(
        'take',
        node.amount.kind === 'range'
          ? rangeDoc(ctx, node.amount, ['sort', 'by'])
          : exprDoc(ctx, node.amount, level.coalesce),
        [listClause('sort', sortDocs(ctx, node.sort)), byClause(ctx, node.by)],
      );
    case 'skip':
      return step('skip', exprDoc(ctx, node.amount));
    case 'distinct':
      return step('distinct', node.keys.length === 0 ? null : commaList(namedDocs(ctx, node.keys)));
    case 'join':
      return joinDoc(ctx, node);
    case 'setStep':
      return step(
        `${node.op}${node.quantifier === null ? '' : ` ${node.quantifier}`}${node.byName ? ' by name' : ''}`,
        commaList(node.relations.map((relation) => relationDoc(ctx, relation))),
      );
    case 'explode':
      return explodeDoc(ctx, node);
    case 'pivot':
      return step('pivot', exprDoc(ctx, node.column), [
        clause(ctx, 'values', node.values),
        listClause('into', namedDocs(ctx, node.into)),
        byClause(ctx, node.by),
      ]);
    case 'unpivot':
      return step('unpivot', commaList(selectDocs(ctx, node.items)), [
        `into ${nameDoc(node.nameColumn)}, ${nameDoc(node.valueColumn)}`,
      ]);
    case 'sample':
      return step('sample', exprDoc(ctx, node.amount), [byClause(ctx, node.by), clause(ctx, 'seed', node.seed)]);
    case 'split':
      return step('split', commaList(splitDocs(ctx, node.outputs)), [
        byClause(ctx, node.by),
        clause(ctx, 'seed', node.seed),
      ]);
    default:
      return lateStepDoc(ctx, node);
  }
}

type EarlyKind =
  | 'where'
  | 'remove'
  | 'derive'
  | 'select'
  | 'drop'
  | 'rename'
  | 'summarize'
  | 'sort'
  | 'take'
  | 'skip'
  | 'distinct'
  | 'join'
  | 'setStep'
  | 'explode'
  | 'pivot'
  | 'unpivot'
  | 'sample'
  | 'split';

function lateStepDoc(ctx: PrintContext, node: Exclude<Step, { readonly kind: EarlyKind }>): Doc {
  switch (node.kind) {
    case 'expect':
      return expectDoc(ctx, node);
    case 'repartition':
      return repartitionDoc(ctx, node);
    case 'shuffle':
      return step('shuffle', null, [clause(ctx, 'seed', node.seed)]);
    case 'map':
      return [
        node.batches ? 'map_batches ' : 'map ',
        nameDoc(node.fn),
        node.type === null ? '' : [' as ', typeDoc(ctx, node.type)],
      ];
    case 'fill':
      return fillDoc(ctx, node);
    case 'train':
    case 'tune':
      return trainDoc(ctx, node);
    case 'predict':
      return step('predict', modelDoc(ctx, node.model), [node.alias === null ? null : `as ${nameDoc(node.alias)}`]);
    case 'evaluate':
      return step('evaluate', modelDoc(ctx, node.model), [byClause(ctx, node.by)]);
    case 'write':
      return ['write ', formatDoc(ctx, node.target)];
    case 'callStep': {
      const name = node.call.name.text;
      return callDoc(ctx, node.call, isVerb(name) ? backticked(name) : quoteName(name));
    }
    case 'errorStep':
      return node.verb === '' ? '<error>' : quoteName(node.verb);
  }
}

function summarizeDoc(ctx: PrintContext, node: Extract<Step, { kind: 'summarize' }>): Doc {
  const bare = node.items.length === 0;
  const by = node.by.map((element, i) => ctx.withComments(element, groupDoc(ctx, element, bare && i === 0)));
  if (bare) return step('summarize', null, [listClause('by', by)]);
  return step('summarize', commaList(guardedDocs(ctx, node.items, ['by'])), [listClause('by', by)]);
}

/** `first`: right behind `summarize by`, where the parser has to see that `by` is no column. */
function groupDoc(ctx: PrintContext, element: GroupElement, first: boolean): Doc {
  if (element.kind === 'namedExpr') {
    if (element.name !== null) return namedDoc(ctx, element);
    const word = leadingWord(element.value);
    if (word !== null && ['rollup', 'cube', 'sets'].includes(word)) return parens(exprDoc(ctx, element.value));
    return first ? operandDoc(ctx, element.value, ['matches', 'over']) : exprDoc(ctx, element.value);
  }
  const sets = element.sets.map((set) => namedDocs(ctx, set.keys));
  if (element.form === 'sets')
    return bracketed(
      'sets(',
      sets.map((keys) => bracketed('(', keys, ')')),
      ')',
    );
  return bracketed(`${element.form}(`, sets.flat(), ')');
}

function joinDoc(ctx: PrintContext, node: JoinStep): Doc {
  const alias = node.alias === null ? '' : ` as ${nameDoc(node.alias)}`;
  return group([
    'join ',
    node.joinKind === 'inner' ? '' : `${node.joinKind} `,
    relationDoc(ctx, node.relation),
    alias,
    indent([
      node.on === null ? '' : [line, 'on ', exprDoc(ctx, node.on)],
      node.matching === null ? '' : [line, `matching ${node.matching}`],
      node.add.length === 0 ? '' : [line, listClause('add', namedDocs(ctx, node.add)) ?? ''],
    ]),
  ]);
}

function explodeDoc(ctx: PrintContext, node: Extract<Step, { kind: 'explode' }>): Doc {
  const items = node.items.map((item, i) => {
    const first = i === 0;
    const value =
      first && node.outer
        ? operandDoc(ctx, item.value, ['as', 'over'])
        : first
          ? guardedDoc(ctx, item.value, ['outer'])
          : exprDoc(ctx, item.value);
    return ctx.withComments(item, item.alias === null ? value : [value, ` as ${nameDoc(item.alias)}`]);
  });
  return step(node.outer ? 'explode outer' : 'explode', commaList(items));
}

/** What is left is `otherwise` among conditions and `rest` among fractions. */
function splitDocs(ctx: PrintContext, outputs: readonly SplitOutput[]): Doc[] {
  const left = outputs.some((output) => output.test === 'when') ? 'otherwise' : 'rest';
  return outputs.map((output) => {
    const test =
      output.value === null
        ? left
        : output.test === 'when'
          ? ['when ', exprDoc(ctx, output.value)]
          : guardedDoc(ctx, output.value, ['rest', 'otherwise']);
    return ctx.withComments(output, [nameDoc(output.name), ' ', test]);
  });
}

function expectDoc(ctx: PrintContext, node: ExpectStep): Doc {
  const checks = node.checks.map((check) =>
    ctx.withComments(check, [
      exprDoc(ctx, check.condition),
      check.message === null ? '' : ` : ${stringText(check.message.value, check.message.raw)}`,
    ]),
  );
  const { action } = node;
  const otherwise =
    action === null
      ? null
      : [
          'else ',
          action.args.length === 0
            ? nameDoc(action.name)
            : bracketed(`${nameDoc(action.name)}(`, argumentDocs(ctx, action.args), ')'),
        ];
  return step('expect', commaList(checks), [otherwise]);
}

function repartitionDoc(ctx: PrintContext, node: Extract<Step, { kind: 'repartition' }>): Doc {
  const range = node.mode === 'range';
  const keys = node.keys.map((key, i) =>
    sortKeyDoc(
      ctx,
      key,
      i > 0
        ? exprDoc(ctx, key.value)
        : range
          ? operandDoc(ctx, key.value, ['matches', 'over', 'asc', 'desc', 'nulls'])
          : guardedDoc(ctx, key.value, ['range']),
    ),
  );
  const count = node.count === null ? null : guardedDoc(ctx, node.count, ['by']);
  return step('repartition', count, [listClause(range ? 'by range' : 'by', keys)]);
}

function fillDoc(ctx: PrintContext, node: Extract<Step, { kind: 'fill' }>): Doc {
  const plain = node.mode === 'value';
  const items = guardedDocs(ctx, node.items, plain ? ['forward', 'backward'] : []);
  return step(plain ? 'fill' : `fill ${node.mode}`, commaList(items), [
    listClause('sort', sortDocs(ctx, node.sort)),
    byClause(ctx, node.by),
  ]);
}

function trainDoc(ctx: PrintContext, node: TrainStep | TuneStep): Doc {
  const algorithm = callDoc(ctx, node.algorithm, nameDoc(node.algorithm.name));
  const tuning =
    node.kind === 'tune'
      ? [
          node.metric === null ? null : `metric ${nameDoc(node.metric)}`,
          clause(ctx, 'trials', node.trials),
          clause(ctx, 'folds', node.folds),
          clause(ctx, 'halving', node.halving),
        ]
      : [];
  const clauses = [
    clause(ctx, 'label', node.label),
    listClause('features', selectDocs(ctx, node.features)),
    ...tuning,
    clause(ctx, 'seed', node.seed),
  ];
  return group([
    node.kind,
    ' ',
    algorithm,
    indent(clauses.filter((item) => item !== null).map((item) => [line, item])),
  ]);
}
