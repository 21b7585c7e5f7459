/** Concrete syntax tree to AST: steps. */
import type { CstNode } from 'chevrotain';
import type {
  ExplodeItem,
  Expr,
  GroupElement,
  GroupingSet,
  JoinKind,
  JoinStep,
  Name,
  NamedExpr,
  SetStep,
  SortKey,
  Span,
  SplitOutput,
  Step,
  TuneStep,
} from './ast.ts';
import { buildArguments, buildCall, buildCoalesce, buildExpr, buildSortKeys, checkClause } from './build_expr.ts';
import {
  formatCall,
  namedExpr,
  namedExprs,
  namedOrCall,
  optional,
  relation,
  selectItems,
  stringText,
} from './build_heads.ts';
import { type BuildContext, buildName, buildNameOrNull, buildType, checkUnique } from './build_types.ts';
import { joinSpans, needNode, needToken, nodeOf, nodeSpan, nodesOf, tokenOf, tokenSpan, tokensOf } from './cst.ts';
import { diagnostic } from './diagnostics.ts';
import { syntax } from './syntax_codes.ts';
import * as T from './tokens.ts';
import { clauses, type Verb } from './words.ts';

/** The repeatable `by`, `sort` and `seed` clauses of a step; each may stand once. */
function commonClauses(ctx: BuildContext, node: CstNode): { by: NamedExpr[]; sort: SortKey[]; seed: Expr | null } {
  const single = (key: string, word: string): CstNode | null => {
    const found = nodesOf(node, key);
    for (const extra of found.slice(1)) {
      ctx.report(
        diagnostic(syntax.duplicateClause, { clause: word }, tokenSpan(needToken(extra, `\`${word}\``), ctx.file)),
      );
    }
    return found[0] ?? null;
  };
  const [by, sort, seed] = [single('by', 'by'), single('sortClause', 'sort'), single('seed', 'seed')];
  return {
    by: by === null ? [] : namedExprs(ctx, by),
    sort: sort === null ? [] : buildSortKeys(ctx, needNode(sort, 'sortKeys')),
    seed: seed === null ? null : buildExpr(ctx, needNode(seed, 'expression')),
  };
}

interface StepContext extends BuildContext {
  readonly span: Span;
  readonly verbSpan: Span;
}

type StepBuilder = (ctx: StepContext, node: CstNode) => Step;

/** What every step begins with. */
function base<K extends Step['kind']>(ctx: StepContext, kind: K): { kind: K; span: Span; verbSpan: Span } {
  return { kind, span: ctx.span, verbSpan: ctx.verbSpan };
}

const condition = (ctx: StepContext, node: CstNode): Expr => buildExpr(ctx, needNode(node, 'expression'));

const builders: Readonly<Record<Verb, StepBuilder>> = {
  where: (ctx, node) => ({ ...base(ctx, 'where'), condition: condition(ctx, node) }),
  remove: (ctx, node) => ({ ...base(ctx, 'remove'), condition: condition(ctx, node) }),
  skip: (ctx, node) => ({ ...base(ctx, 'skip'), amount: condition(ctx, node) }),
  derive: (ctx, node) => ({ ...base(ctx, 'derive'), items: namedExprs(ctx, node) }),
  select: (ctx, node) => ({ ...base(ctx, 'select'), items: selectItems(ctx, node) }),
  drop: (ctx, node) => ({ ...base(ctx, 'drop'), items: selectItems(ctx, node) }),
  rename: (ctx, node) => ({
    ...base(ctx, 'rename'),
    items: nodesOf(node, 'renameItem').map((item) => ({
      kind: 'renameItem',
      span: nodeSpan(item, ctx.file),
      to: buildName(ctx, needToken(item, 'to')),
      from: buildName(ctx, needToken(item, 'from')),
    })),
  }),
  summarize: (ctx, node) => ({
    ...base(ctx, 'summarize'),
    items: namedExprs(ctx, node),
    by: nodesOf(node, 'groupBy').flatMap((by) => nodesOf(by, 'groupElement').map((item) => groupElement(ctx, item))),
  }),
  sort: (ctx, node) => ({ ...base(ctx, 'sort'), keys: buildSortKeys(ctx, needNode(node, 'sortKeys')) }),
  take: (ctx, node) => {
    const { by, sort } = commonClauses(ctx, node);
    return { ...base(ctx, 'take'), amount: takeAmount(ctx, node), sort, by };
  },
  distinct: (ctx, node) => ({ ...base(ctx, 'distinct'), keys: namedExprs(ctx, node) }),
  join: buildJoin,
  union: (ctx, node) => buildSet(ctx, node, 'union'),
  except: (ctx, node) => buildSet(ctx, node, 'except'),
  intersect: (ctx, node) => buildSet(ctx, node, 'intersect'),
  explode: (ctx, node) => ({
    ...base(ctx, 'explode'),
    outer: tokenOf(node, '`outer`') !== null,
    items: nodesOf(node, 'explodeItem').map((item) => explodeItem(ctx, item)),
  }),
  pivot: (ctx, node) => ({
    ...base(ctx, 'pivot'),
    column: buildExpr(ctx, needNode(node, 'column')),
    values: buildExpr(ctx, needNode(node, 'values')),
    into: namedExprs(ctx, node),
    by: commonClauses(ctx, node).by,
  }),
  unpivot: (ctx, node) => ({
    ...base(ctx, 'unpivot'),
    items: selectItems(ctx, node),
    nameColumn: buildName(ctx, needToken(node, 'name')),
    valueColumn: buildName(ctx, needToken(node, 'value')),
  }),
  sample: (ctx, node) => {
    const { by, seed } = commonClauses(ctx, node);
    return { ...base(ctx, 'sample'), amount: condition(ctx, node), by, seed };
  },
  split: (ctx, node) => {
    const outputs = nodesOf(node, 'splitOutput').map((item) => splitOutput(ctx, item));
    checkUnique(
      ctx,
      'the output',
      outputs.map((output) => output.name),
    );
    const { by, seed } = commonClauses(ctx, node);
    return { ...base(ctx, 'split'), outputs, by, seed };
  },
  expect: buildExpect,
  repartition: (ctx, node) => {
    const keys = nodeOf(node, 'sortKeys');
    return {
      ...base(ctx, 'repartition'),
      count: optional(ctx, nodeOf(node, 'count')),
      mode: tokenOf(node, '`range`') === null ? 'hash' : 'range',
      keys: keys === null ? [] : buildSortKeys(ctx, keys),
    };
  },
  shuffle: (ctx, node) => ({ ...base(ctx, 'shuffle'), seed: commonClauses(ctx, node).seed }),
  map: (ctx, node) => buildMap(ctx, node, false),
  map_batches: (ctx, node) => buildMap(ctx, node, true),
  fill: (ctx, node) => {
    const mode = tokenOf(node, 'mode');
    const { by, sort } = commonClauses(ctx, node);
    return {
      ...base(ctx, 'fill'),
      mode: mode === null ? 'value' : mode.image === 'forward' ? 'forward' : 'backward',
      items: namedExprs(ctx, node),
      sort,
      by,
    };
  },
  train: (ctx, node) => {
    const { algorithm, label, features, seed } = trainClauses(ctx, node, 'train');
    return { ...base(ctx, 'train'), algorithm, label, features, seed };
  },
  tune: (ctx, node) => ({ ...base(ctx, 'tune'), ...trainClauses(ctx, node, 'tune') }),
  predict: (ctx, node) => ({
    ...base(ctx, 'predict'),
    model: namedOrCall(ctx, needNode(node, 'model')),
    alias: buildNameOrNull(ctx, tokenOf(node, 'alias')),
  }),
  evaluate: (ctx, node) => ({
    ...base(ctx, 'evaluate'),
    model: namedOrCall(ctx, needNode(node, 'model')),
    by: commonClauses(ctx, node).by,
  }),
  write: (ctx, node) => ({ ...base(ctx, 'write'), target: formatCall(ctx, needNode(node, 'formatCall')) }),
};

/** The step of a rule's tree. `span` is that of all its tokens. */
export function buildStep(ctx: BuildContext, verb: Verb, node: CstNode, span: Span): Step {
  return builders[verb]({ ...ctx, span, verbSpan: tokenSpan(needToken(node, 'verb'), ctx.file) }, node);
}

export function buildCallStep(ctx: BuildContext, node: CstNode, span: Span): Step {
  const call = buildCall(ctx, needNode(node, 'call'));
  return { kind: 'callStep', span, verbSpan: call.name.span, call };
}

function groupElement(ctx: BuildContext, node: CstNode): GroupElement {
  const sets = nodeOf(node, 'groupingSets');
  if (sets === null) return namedExpr(ctx, needNode(node, 'namedExpr'));
  const span = nodeSpan(sets, ctx.file);
  const form = needToken(sets, 'form').image;
  const keys = nodeOf(sets, 'keys');
  if (keys !== null) {
    const only: GroupingSet = {
      kind: 'groupingSet',
      span: nodeSpan(keys, ctx.file),
      keys: namedExprs(ctx, sets, 'keys'),
    };
    return { kind: 'groupingSets', span, form: form === 'cube' ? 'cube' : 'rollup', sets: [only] };
  }
  return {
    kind: 'groupingSets',
    span,
    form: 'sets',
    sets: nodesOf(sets, 'groupingSet').map(
      (set): GroupingSet => ({
        kind: 'groupingSet',
        span: nodeSpan(set, ctx.file),
        keys: namedExprs(ctx, set, 'keys'),
      }),
    ),
  };
}

function takeAmount(ctx: StepContext, node: CstNode): Expr {
  const [low, high, dots] = [nodeOf(node, 'low'), nodeOf(node, 'high'), tokenOf(node, 'DotDot')];
  const lowExpr = low === null ? null : buildCoalesce(ctx, low);
  if (dots === null && lowExpr !== null) return lowExpr;
  const dotSpan = dots === null ? ctx.span : tokenSpan(dots, ctx.file);
  const highExpr = high === null ? null : buildCoalesce(ctx, high);
  return {
    kind: 'range',
    span: joinSpans(lowExpr?.span ?? dotSpan, highExpr?.span ?? dotSpan),
    low: lowExpr,
    high: highExpr,
  };
}

function buildJoin(ctx: StepContext, node: CstNode): JoinStep {
  const kind = nodeOf(node, 'joinKind');
  const seen = new Set<string>();
  let alias: Name | null = null;
  let on: Expr | null = null;
  let matching: JoinStep['matching'] = null;
  let add: NamedExpr[] = [];
  for (const clause of nodesOf(node, 'joinClause')) {
    const word = needToken(clause, 'clause');
    checkClause(ctx, seen, word);
    if (word.image === 'as') alias = buildNameOrNull(ctx, tokenOf(clause, 'alias'));
    else if (word.image === 'on') on = optional(ctx, nodeOf(clause, 'expression'));
    else if (word.image === 'add') add = namedExprs(ctx, clause);
    else {
      const count = needToken(clause, 'count').image;
      matching = count === 'at' ? 'at most one' : count === 'one' ? 'one' : 'many';
    }
  }
  return {
    ...base(ctx, 'join'),
    joinKind: kind === null ? 'inner' : (needToken(kind, 'kind').image as JoinKind),
    relation: relation(ctx, needNode(node, 'relation')),
    alias,
    on,
    matching,
    add,
  };
}

function buildSet(ctx: StepContext, node: CstNode, op: SetStep['op']): SetStep {
  const quantifier = tokenOf(node, 'quantifier');
  const byName = tokensOf(node, '`by`');
  if (byName[1] !== undefined) {
    ctx.report(diagnostic(syntax.duplicateClause, { clause: 'by name' }, tokenSpan(byName[1], ctx.file)));
  }
  return {
    ...base(ctx, 'setStep'),
    op,
    quantifier: quantifier === null ? null : quantifier.image === 'all' ? 'all' : 'distinct',
    byName: byName.length > 0,
    relations: nodesOf(node, 'relation').map((item) => relation(ctx, item)),
  };
}

function explodeItem(ctx: StepContext, node: CstNode): ExplodeItem {
  return {
    kind: 'explodeItem',
    span: nodeSpan(node, ctx.file),
    value: condition(ctx, node),
    alias: buildNameOrNull(ctx, tokenOf(node, 'alias')),
  };
}

function splitOutput(ctx: BuildContext, node: CstNode): SplitOutput {
  const [when, fraction] = [nodeOf(node, 'when'), nodeOf(node, 'fraction')];
  return {
    kind: 'splitOutput',
    span: nodeSpan(node, ctx.file),
    name: buildName(ctx, needToken(node, 'name')),
    test: when !== null ? 'when' : fraction !== null ? 'fraction' : 'rest',
    value: optional(ctx, when ?? fraction),
  };
}

function buildExpect(ctx: StepContext, node: CstNode): Step {
  const action = nodeOf(node, 'expectAction');
  const list = action === null ? null : nodeOf(action, 'callArguments');
  return {
    ...base(ctx, 'expect'),
    checks: nodesOf(node, 'expectCheck').map((check) => {
      const message = nodeOf(check, 'stringText');
      return {
        kind: 'expectCheck',
        span: nodeSpan(check, ctx.file),
        condition: buildExpr(ctx, needNode(check, 'expression')),
        message: message === null ? null : stringText(ctx, message),
      };
    }),
    action:
      action === null
        ? null
        : {
            kind: 'expectAction',
            span: nodeSpan(action, ctx.file),
            name: buildName(ctx, needToken(action, 'name')),
            args: list === null ? [] : buildArguments(ctx, list, needToken(action, 'name').image),
          },
  };
}

function buildMap(ctx: StepContext, node: CstNode, batches: boolean): Step {
  const type = nodeOf(node, 'valueType');
  return {
    ...base(ctx, 'map'),
    batches,
    fn: buildName(ctx, needToken(node, 'fn')),
    type: type === null ? null : buildType(ctx, type),
  };
}

type TrainParts = Pick<
  TuneStep,
  'algorithm' | 'label' | 'features' | 'metric' | 'trials' | 'folds' | 'halving' | 'seed'
>;

function trainClauses(ctx: StepContext, node: CstNode, verb: 'train' | 'tune'): TrainParts {
  const parts: { -readonly [P in keyof TrainParts]: TrainParts[P] } = {
    algorithm: buildCall(ctx, needNode(node, 'call')),
    label: null,
    features: [],
    metric: null,
    trials: null,
    folds: null,
    halving: null,
    seed: null,
  };
  const seen = new Set<string>();
  for (const clause of nodesOf(node, 'trainClause')) {
    const word = needToken(clause, 'clause');
    checkClause(ctx, seen, word);
    if (!clauses[verb].includes(word.image)) {
      ctx.report(
        diagnostic(
          syntax.unexpected,
          {
            expected: clauses[verb].map((item) => `\`${item}\``).join(', '),
            found: `\`${word.image}\`, which is a clause of \`tune\``,
          },
          tokenSpan(word, ctx.file),
        ),
      );
    }
    const metric = tokenOf(clause, 'metric');
    const value = optional(ctx, nodeOf(clause, 'expression'));
    if (metric !== null) parts.metric = buildName(ctx, metric);
    else if (word.tokenType === T.K.features) parts.features = selectItems(ctx, clause);
    else if (word.tokenType === T.K.label) parts.label = value;
    else if (word.tokenType === T.K.trials) parts.trials = value;
    else if (word.tokenType === T.K.folds) parts.folds = value;
    else if (word.tokenType === T.K.halving) parts.halving = value;
    else parts.seed = value;
  }
  return parts;
}
