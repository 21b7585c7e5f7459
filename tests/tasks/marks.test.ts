// Refs to values that are no objects, in the members of arguments.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine } from '../../engine/runtime/engine.ts';

const engine = new Engine({ workers: 1, memory: 64 * 2 ** 20 });

test('they arrive in arrays, objects, Map and Set, in their order, each as often as it is there', async () => {
  const [five, text, none, list] = [5, 'x', undefined, [5]].map((v) => engine.put(v));
  const ref = engine.task((...args: unknown[]) => args as never, {
    all: [five, { five, __proto: five }, none, list],
    map: new Map<unknown, unknown>([
      ['a', five],
      [text, 'b'],
      ['c', list],
    ]),
    set: new Set<unknown>([1, five, text, list]),
    same: [new Uint8Array(2), new Date(0), null],
  });
  assert.equal(await engine.get(ref), [
    {
      all: [5, { five: 5, __proto: 5 }, undefined, [5]],
      map: new Map<unknown, unknown>([
        ['a', 5],
        ['x', 'b'],
        ['c', [5]],
      ]),
      set: new Set<unknown>([1, 5, 'x', [5]]),
      same: [new Uint8Array(2), new Date(0), null],
    },
  ]);
});

test('a large value that fills one hole is not looked into for the others', async () => {
  const round: unknown[] = [1];
  round.push(round);
  const [circle, one] = [engine.put(round), engine.put(1)];
  const ref = engine.task(
    (all: readonly unknown[]) => {
      const [a, b] = all as [unknown[], number];
      return a[1] === a && b === 1;
    },
    [circle, one],
  );
  assert.is(await engine.get(ref), true);
});

test('the engine ends', () => engine.close());

test.run();
