import { DirectedGraph } from 'graphology';
import { hasCycle } from 'graphology-dag';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lower, type TaskEdge, type TaskNode } from '../../compiler/lower.ts';
import { people, stages } from './harness.ts';

const flow = `let a = ${people} | summarize n = count() by country
  let m = ${people} | train gbt() label active features age
  from a | join csv("vip.csv") as v on n == v.cust | sort level desc | take 3
  from a | write csv("o.csv")
  ${people} | predict m as p | select id, p`;

test('exchanges are nodes of their own', async () => {
  const g = lower(await stages(`${people} | summarize n = count() by country | sort n desc`));
  const kinds = g.mapNodes((id, a) => `${id} ${a.kind} ${a.label} @${a.generation}`);
  assert.equal(kinds, [
    's0 scan scan people.csv | derive | aggregate (partial) | partition by country @0',
    'x0 exchange hash: country @1',
    's1 merge aggregate (final) | sort runs @2',
    'x1 exchange range: n desc @3',
    's2 merge sort (merge) | print @4',
    'result0 result print @5',
  ]);
  assert.equal(
    g.mapEdges((_, a, s, t) => `${s} ${a.kind} ${t}`),
    ['s0 hash x0', 's1 range x1', 'x0 hash s1', 'x1 range s2', 's2 output result0'],
  );
});

test('no cycle; every edge leads to a later generation', async () => {
  const g = lower(await stages(flow, { 'vip.csv': 10 }));
  assert.not.ok(hasCycle(g));
  g.forEachEdge((_, _a, _s, _t, s, t) => assert.ok(s.generation < t.generation));
});

test('what every task needs whole is an edge of its own kind', async () => {
  const g = lower(await stages(flow, { 'vip.csv': 10 }));
  const broadcast = g.filterEdges((_, a) => a.kind === 'broadcast').map((e) => g.source(e));
  assert.is(broadcast.length, 2, 'the right side of the join, and the model');
  assert.equal(
    g.filterNodes((_, a) => a.kind === 'sink').map((n) => g.getNodeAttribute(n, 'label')),
    ['csv o.csv'],
  );
});

test('a self-join of one relation has an edge from it for each side', async () => {
  const g = lower(await stages(`let a = ${people} | select id, age from a | join a as b on id == b.age add x = b.id`));
  assert.is(g.filterNodes((_, a) => a.kind === 'exchange').length, 2);
  assert.is(g.filterNodes((_, a) => a.kind === 'scan').length, 1);
});

test('it is JSON, there and back', async () => {
  const g = lower(await stages(flow));
  const text = JSON.stringify(g.export());
  const back = DirectedGraph.from<TaskNode, TaskEdge>(JSON.parse(text));
  assert.is(JSON.stringify(back.export()), text);
});

test.run();
