import type { NamedExpr, SortKey } from '../../engine/expr.ts';
import { formatType } from '../../engine/types.ts';
import { quoteName } from '../../grammar/words.ts';
import type { JoinNode, LogicalNode, LogicalPlan, RangeEnd, TrialsNode, WindowCall, WindowNode } from '../logical.ts';
import { useCounts } from '../plan_tree.ts';
import { exprText } from './expr_text.ts';

/** An indented tree, outputs first; a node read by several is printed once and named afterwards. */
export function logicalText(plan: LogicalPlan): string {
  const uses = useCounts(plan);
  const printed = new Set<LogicalNode>();
  const lines: string[] = [];
  const visit = (n: LogicalNode, depth: number): void => {
    const pad = '  '.repeat(depth);
    const shared = (uses.get(n) ?? 0) > 1;
    if (shared && printed.has(n)) {
      lines.push(`${pad}#${n.id} (above)`);
      return;
    }
    printed.add(n);
    lines.push(`${pad}${shared ? `#${n.id} ` : ''}${nodeText(n)}`);
    for (const i of n.inputs) visit(i, depth + 1);
  };
  for (const o of plan.outputs) {
    lines.push(
      o.kind === 'sink' ? `write ${o.format} ${JSON.stringify(o.path)}` : o.kind === 'check' ? 'check' : 'print',
    );
    visit(o.input, 1);
  }
  return lines.join('\n');
}

/** One line: the operator and its parameters. */
export function nodeText(n: LogicalNode): string {
  switch (n.op) {
    case 'scan': {
      const extra = [
        n.filter === null ? '' : ` filter ${exprText(n.filter)}`,
        n.limit === null ? '' : ` first ${n.limit} rows`,
      ].join('');
      return `scan ${n.format} ${JSON.stringify(n.source.display)} [${n.schema.map((f) => `${quoteName(f.name)}: ${formatType(f.type, f.nullable)}`).join(', ')}]${extra}`;
    }
    case 'filter':
      return `filter ${exprText(n.predicate)}`;
    case 'project':
      return `project ${n.outputs.map(namedText).join(', ')}`;
    case 'aggregate': {
      const aggs = n.aggregates.map(
        (a) => `${quoteName(a.name)} = ${a.fn}(${a.distinct ? 'distinct ' : ''}${a.args.map(exprText).join(', ')})`,
      );
      return `aggregate ${aggs.join(', ')}${n.keys.length > 0 ? ` by ${n.keys.map(namedText).join(', ')}` : ''}`;
    }
    case 'sort':
      return `sort ${n.keys.map(sortText).join(', ')}${n.limit === null ? '' : ` (top ${n.limit})`}`;
    case 'limit':
      return `limit${n.skip > 0 ? ` skip ${n.skip}` : ''}${n.take === null ? '' : ` take ${n.take}`}`;
    case 'distinct':
      return `distinct ${n.keys === null ? '*' : n.keys.map(quoteName).join(', ')}`;
    case 'join':
      return joinText(n);
    case 'single':
      return 'single row';
    case 'union':
      return 'union';
    case 'number':
      return `number as ${quoteName(n.as)}`;
    case 'expect':
      return `expect ${n.checks.map((c) => exprText(c.predicate)).join(', ')}`;
    case 'call':
      return `call ${n.calls.map(namedText).join(', ')}`;
    case 'map':
      return `${n.fn.shape === 'batches' ? 'map_batches' : 'map'} ${n.fn.name}`;
    case 'table':
      return `table ${n.label.replace(/^from /, '')}${n.limit === null ? '' : ` limit ${n.limit}`}`;
    case 'repeat':
      return `repeat ${quoteName(n.count)} times`;
    case 'explode':
      return `explode ${n.outer ? 'outer ' : ''}${n.lists.map(quoteName).join(', ')}`;
    case 'unpivot': {
      const items = n.columns.map(({ column, label }) =>
        column === label ? quoteName(column) : `${quoteName(label)} = ${quoteName(column)}`,
      );
      return `unpivot ${items.join(', ')} into ${quoteName(n.name)}, ${quoteName(n.value)}`;
    }
    case 'place':
      return `number rows as ${quoteName(n.name)}`;
    case 'window':
      return windowText(n);
    case 'train':
      return `train ${n.params.algorithm} label ${exprText(n.params.label.expr)} features ${n.params.features.map((f) => (f.encoding === 'onehot' ? `onehot(${quoteName(f.name)})` : quoteName(f.name))).join(', ')} seed ${n.params.seed}`;
    case 'sql':
      return `sql over ${n.tables.length === 0 ? 'nothing' : n.tables.map(quoteName).join(', ')}: ${n.text.trim().replace(/\s+/g, ' ')}`;
    case 'trials':
      return trialsText(n.params);
    case 'trialTable':
      return `table of trials: ${n.searched.map(quoteName).join(', ')}`;
    case 'predict':
      return `predict as ${quoteName(n.as)}`;
    case 'evaluate':
      return `evaluate${n.by.length > 0 ? ` by ${n.by.map((b) => quoteName(b.name)).join(', ')}` : ''}`;
  }
}

function windowText(n: WindowNode): string {
  const calls = n.calls.map((c) => ` ${quoteName(c.name)} = ${callText(c)}`).join(',');
  const by = n.keys.length === 0 ? '' : ` by ${n.keys.map(exprText).join(', ')}`;
  const sort = n.sort.length === 0 ? '' : ` sort ${n.sort.map(sortText).join(', ')}`;
  const rows = n.skip === 0 && n.take === null ? '' : ` rows ${n.skip + 1}..${n.take === null ? '' : n.skip + n.take}`;
  return `window${calls}${by}${sort}${rows === '' ? '' : ` (${rows.trim()} of each)`}`;
}

function callText(c: WindowCall): string {
  const args = [
    ...c.args.map((a, i) => `${i === 0 && c.distinct ? 'distinct ' : ''}${exprText(a)}`),
    ...(c.constant === null ? [] : [String(c.constant)]),
    ...(c.fallback === null ? [] : [exprText(c.fallback)]),
    ...(c.ignoreNulls ? ['ignore_nulls: true'] : []),
  ];
  const { frame } = c;
  const end = (x: RangeEnd | number): string =>
    x === null
      ? ''
      : typeof x === 'number'
        ? String(x)
        : x.kind === 'offset'
          ? String(x.value)
          : `(${exprText(x.expr)})`;
  const whole = frame.low === null && frame.high === null;
  return `${c.fn}(${args.join(', ')})${whole ? '' : ` ${frame.unit} ${end(frame.low)}..${end(frame.high)}`}`;
}

function sortText(k: SortKey): string {
  return `${exprText(k.expr)}${k.desc ? ' desc' : ''}${k.nullsFirst ? ' nulls first' : ''}`;
}

function joinText(n: JoinNode): string {
  const on = n.leftKeys.map((l, i) => `${exprText(l)} == ${exprText(n.rightKeys[i] ?? l)}`);
  const add =
    n.add.length === 0
      ? ''
      : ` add ${n.add.map((a) => (a.name === a.column ? quoteName(a.name) : `${quoteName(a.name)} = ${quoteName(a.column)}`)).join(', ')}`;
  const near =
    n.nearest === null ? [] : [`${exprText(n.nearest.left)} ${COMPARES[n.nearest.op]} ${exprText(n.nearest.right)}`];
  const tests = [...on, ...near, ...(n.residual === null ? [] : [exprText(n.residual)])];
  const asked = tests.length === 0 ? '' : ` on ${tests.join(' and ')}`;
  return `join ${n.kind === 'inner' && asked === '' ? 'cross' : n.kind}${asked}${add}${n.matching === 'many' ? '' : ` matching ${n.matching}`}`;
}

const COMPARES = { ge: '>=', gt: '>', le: '<=', lt: '<' } as const;

function namedText({ name, expr }: NamedExpr): string {
  return expr.kind === 'column' && expr.name === name ? quoteName(name) : `${quoteName(name)} = ${exprText(expr)}`;
}

function trialsText({ algorithm, search }: TrialsNode['params']): string {
  const { trials, folds, metric, rounds } = search;
  const halving = rounds.length === 1 ? '' : `, in rounds of ${rounds.map((r) => r.trials).join(', ')}`;
  return `trials ${algorithm}: ${trials.length} of ${folds} folds${halving}, ${metric}`;
}
