import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rowsOf } from '../../engine/batch/access.ts';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { Batch } from '../../engine/batch/column.ts';
import { RunError } from '../../engine/errors.ts';
import type { Expr } from '../../engine/expr.ts';
import { heapScratch } from '../../engine/memory/heap_scratch.ts';
import { compute } from '../../engine/operators/compute.ts';
import type { TaskContext } from '../../engine/operators/def.ts';
import type { StepRef } from '../../engine/plan.ts';
import { field, T } from '../../engine/types.ts';
import { call, lit } from '../functions/mini.ts';

const INPUT = [field('x', T.int), field('s', T.string)];
const x: Expr = { kind: 'column', name: 'x', type: T.int, nullable: true };
const over = (n: number): Expr => call('gt', [x, lit(T.int, n)]);

/** The parts of a task that a map step touches; `checks` counts its calls. */
function task(): { ctx: TaskContext; checks: () => number } {
  let checks = 0;
  const part: Pick<TaskContext, 'scratch' | 'check'> = {
    scratch: heapScratch(),
    check: () => {
      checks++;
    },
  };
  return { ctx: part as TaskContext, checks: () => checks };
}

function step(params: unknown, output = INPUT): StepRef {
  return { op: 'compute', phase: 'map', params, input: INPUT, output, sides: [] };
}

async function* source(...values: number[][]): AsyncIterable<Batch> {
  for (const v of values)
    yield batchFromRows(
      INPUT,
      v.map((n) => ({ x: n, s: `s${n}` })),
    );
}

async function collect(batches: AsyncIterable<Batch>): Promise<Record<string, unknown>[][]> {
  const out: Record<string, unknown>[][] = [];
  for await (const b of batches) out.push(rowsOf(b));
  return out;
}

test('compute with a filter alone keeps rows in order and drops batches of which nothing is left', async () => {
  const { ctx, checks } = task();
  const columns = INPUT.map((f) => ({ name: f.name, expr: { kind: 'column' as const, ...f } }));
  const params = { filter: over(2), outputs: columns };
  const run = compute.map?.(params, step(params), ctx);
  assert.ok(run);
  assert.equal(await collect(run(source([3, 1, 5], [0, 1], [9]))), [
    [
      { x: 3, s: 's3' },
      { x: 5, s: 's5' },
    ],
    [{ x: 9, s: 's9' }],
  ]);
  assert.is(checks(), 3);
  assert.equal(compute.schema(params, [INPUT]), INPUT);
});

test('compute filters, derives, renames and drops in one step', async () => {
  const { ctx } = task();
  const params = {
    filter: over(1),
    outputs: [
      { name: 'twice', expr: call('mul', [x, lit(T.int, 2)]) },
      { name: 'y', expr: x },
    ],
  };
  const run = compute.map?.(params, step(params), ctx);
  assert.ok(run);
  assert.equal(await collect(run(source([1, 2], [7]))), [[{ twice: 4, y: 2 }], [{ twice: 14, y: 7 }]]);
  assert.equal(
    compute.schema(params, [INPUT]).map((f) => f.name),
    ['twice', 'y'],
  );
});

test('an error of the data ends the stream with its row', async () => {
  const { ctx } = task();
  const params = { filter: null, outputs: [{ name: 'y', expr: call('intdiv', [lit(T.int, 1), x]) }] };
  const run = compute.map?.(params, step(params), ctx);
  assert.ok(run);
  try {
    await collect(run(source([1, 0])));
    assert.unreachable();
  } catch (e) {
    assert.instance(e, RunError);
    assert.is((e as RunError).where.batchRow, 1);
  }
});

test.run();
