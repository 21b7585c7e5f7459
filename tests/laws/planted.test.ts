// Every law finds a bug that breaks it, and says so.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LogicalNode } from '../../compiler/logical.ts';
import type { Rule } from '../../compiler/optimize/rule.ts';
import { checkEngine, ENGINE_LAWS } from '../../testing/index.ts';
import { broken } from '../kit/broken.ts';
import {
  aggregates,
  call,
  column,
  filters,
  hasBelow,
  inputOf,
  joins,
  literal,
  over,
  sorts,
  spoiled,
  unions,
} from './planted.ts';

/** The columns of a node, as they are. */
const own = (n: LogicalNode) => n.schema.map((f) => ({ name: f.name, expr: column(n, f.name) }));

/** By law: what is planted, and the rules with it. */
const BUGS: Readonly<Record<string, readonly [string, readonly Rule[]]>> = {
  'filter of a union': [
    'a filter goes down into the first relation of a union only',
    spoiled((n, make) => {
      const below = n.op === 'filter' ? inputOf(n) : n;
      if (n.op !== 'filter' || below.op !== 'union') return n;
      return over(below, 0, (first) => make.filter(first, n.predicate));
    }),
  ],
  'three answers': [
    '`not` takes null for false',
    spoiled(
      filters((e) =>
        e.kind === 'call' && e.fn === 'not' && e.nullable
          ? call('isnot', [e.args[0] ?? literal(null), literal(true)])
          : e,
      ),
    ),
  ],
  remove: [
    '`is not true` takes null for true',
    spoiled(
      filters((e) =>
        e.kind === 'call' && e.fn === 'isnot' && e.args[1]?.kind === 'literal' && e.args[1].value === true
          ? call('not', e.args.slice(0, 1), true)
          : e,
      ),
    ),
  ],
  'always true': [
    '`is` of two conditions takes null for unequal to null',
    spoiled(filters((e) => (e.kind === 'call' && e.fn === 'is' ? call('eq', e.args, true) : e))),
  ],
  'never true': [
    'a filter that nothing passes is taken for one that all pass',
    spoiled((n) => (n.op === 'filter' && n.label === 'where' ? inputOf(n) : n)),
  ],
  'several files': [
    'the last of several files is not read',
    spoiled((n) =>
      n.op === 'scan' && n.source.paths.length > 1
        ? { ...n, source: { ...n.source, paths: n.source.paths.slice(0, -1) } }
        : n,
    ),
  ],
  folders: ['a partition has room for three rows', spoiled((n, make) => (n.op === 'sort' ? make.limit(n, 0, 3) : n))],
  reversed: [
    'sorting looks at the first key only',
    spoiled(sorts((n) => (n.keys.length > 1 ? { ...n, keys: n.keys.slice(0, 1) } : n))),
  ],
  'aggregates of parts': [
    '`count` counts different values only',
    spoiled(
      aggregates((n) => ({
        ...n,
        aggregates: n.aggregates.map((a) => (a.fn === 'count' && a.args.length === 1 ? { ...a, distinct: true } : a)),
      })),
    ),
  ],
  subtotals: [
    'of subtotals the row over all is left out',
    spoiled(unions((n, make) => (hasBelow(n, 'explode') ? over(n, 0, (first) => make.limit(first, 0, 0)) : n))),
  ],
  'sort permutes': ['a sort holds ten rows', spoiled((n, make) => (n.op === 'sort' ? make.limit(n, 0, 10) : n))],
  'sort twice': [
    'sorting sorted rows turns their order',
    spoiled(
      sorts((n) =>
        hasBelow(n, 'sort') ? { ...n, keys: n.keys.map((k, i) => (i === 0 ? { ...k, desc: !k.desc } : k)) } : n,
      ),
    ),
  ],
  'sort is stable': [
    'rows that are equal are sorted by their number',
    spoiled(
      sorts((n) => ({
        ...n,
        keys: [...n.keys, { expr: column(n, 'id'), desc: true, nullsFirst: false }],
      })),
    ),
  ],
  'the first rows': [
    '`skip` leaves out one row too many',
    spoiled((n) => (n.op === 'limit' && n.skip > 0 ? { ...n, skip: n.skip + 1 } : n)),
  ],
  'the first rows of each': [
    'one row too many of each',
    spoiled((n) => (n.op === 'window' && n.take !== null ? { ...n, take: n.take + 1 } : n)),
  ],
  'semi and anti': [
    'an anti join loses the rows whose keys are null',
    spoiled(joins('anti', (n, make) => make.filter(n, call('isnot', [column(n, 'g'), literal(null, 'int')])))),
  ],
  semi: ['a semi join gives a row for each match', spoiled(joins('semi', (n) => ({ ...n, kind: 'inner' })))],
  'left join': ['a left join drops what has no match', spoiled(joins('left', (n) => ({ ...n, kind: 'inner' })))],
  'right join': ['a right join drops what has no match', spoiled(joins('right', (n) => ({ ...n, kind: 'inner' })))],
  'full join': ['a full join keeps the left side only', spoiled(joins('full', (n) => ({ ...n, kind: 'left' })))],
  'size of a join': [
    'of each key the right side has one row',
    spoiled(
      joins('inner', (n, make) =>
        over(n, 1, (right) => (n.add.some((a) => a.name === 'w') ? make.distinct(right, ['k']) : right)),
      ),
    ),
  ],
  'cross join': [
    'a join without keys sees three rows of its right side',
    spoiled(
      joins('inner', (n, make) => (n.leftKeys.length === 0 ? over(n, 1, (right) => make.limit(right, 0, 3)) : n)),
    ),
  ],
  'join within': [
    'a relation that is looked up has one row',
    spoiled(
      joins('semi', (n, make) => (inputOf(n, 1).op === 'project' ? over(n, 1, (right) => make.limit(right, 0, 1)) : n)),
    ),
  ],
  'distinct twice': [
    'what is distinct already is told apart by its first column',
    spoiled((n) => (n.op === 'distinct' && hasBelow(n, 'distinct') ? { ...n, keys: ['g'] } : n)),
  ],
  'distinct groups': [
    '`distinct` drops rows with nulls',
    spoiled((n, make) =>
      n.op === 'distinct' ? make.filter(n, call('isnot', [column(n, 'g'), literal(null, 'int')])) : n,
    ),
  ],
  'union either way': [
    'a union loses the first row of its second relation',
    spoiled(unions((n, make) => over(n, 1, (second) => make.limit(second, 1, null)))),
  ],
  'union of different rows': [
    '`union distinct` compares with the row before only',
    spoiled((n) => (n.op === 'distinct' && hasBelow(n, 'union') ? inputOf(n) : n)),
  ],
  'except and intersect': [
    'a difference takes one row too many',
    spoiled((n, make) =>
      n.op === 'project' && n.label.startsWith('except') && inputOf(n).op === 'filter' ? make.limit(n, 1, null) : n,
    ),
  ],
  'except itself': [
    'a difference takes nothing away',
    spoiled((n) => (n.op === 'filter' && n.label.startsWith('except') ? inputOf(n) : n)),
  ],
  'except and intersect, all': [
    'an intersection forgets how often a row is there',
    spoiled((n) =>
      n.op === 'repeat' && n.label.startsWith('intersect') ? { ...n, op: 'project', outputs: own(n) } : n,
    ),
  ],
  'intersect either way': [
    'an intersection has each row as often as the first relation',
    spoiled((n) => {
      if (n.op !== 'project' || !n.label.startsWith('intersect')) return n;
      const outputs = n.outputs.map((o) =>
        o.expr.kind === 'call' && o.expr.fn === 'least' ? { ...o, expr: o.expr.args[0] ?? o.expr } : o,
      );
      return { ...n, outputs };
    }),
  ],
};

test('every law has a planted bug', () =>
  assert.equal(Object.keys(BUGS).sort(), ENGINE_LAWS.map((law) => law.name).sort()));

for (const [law, [bug, rules]] of Object.entries(BUGS)) {
  test(`${law}: ${bug}`, async () => {
    const found = await broken(() => checkEngine({ laws: [law], run: { rules }, runs: 100, seed: 5, shrink: false }));
    assert.is(found.law, law);
    const says = ENGINE_LAWS.find((l) => l.name === law)?.says;
    // The law in words, what differs, both flows, and the data.
    assert.ok(found.message.startsWith(`${law}: ${says}, but not here: `), found.message);
    assert.match(found.message, /^ {2}[-+] /m);
    for (const part of [/\n {2}first:\n/, /\n {2}second:\n/, /\n {4}--- main/, /\n {2}again with \{ seed: 5 \}$/])
      assert.match(found.message, part);
  });
}

test.run();
