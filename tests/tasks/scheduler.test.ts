// The scheduler by itself: order, batches, memory, threads, actors' turns; then graphs that have one right answer whatever the order.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CLAIM_WORDS, claimOf, takeClaim } from '../../engine/runtime/messages.ts';
import { type Job, NO_CLAIM, type Slot } from '../../engine/tasks/job.ts';
import { Fifo, ReadyQueue } from '../../engine/tasks/queue.ts';
import { Scheduler } from '../../engine/tasks/scheduler.ts';
import { type Ref, task } from '../../index.ts';
import { withEngine } from './support.ts';

type Fake = { -readonly [K in keyof Job]: Job[K] };

let orders = 0;

function job(options: Partial<Fake> = {}): Fake {
  return {
    name: 'job',
    attempt: 1,
    priority: 0,
    order: ++orders,
    threads: 1,
    memory: 0,
    timeout: 0,
    expected: Number.NaN,
    pinned: null,
    stage: false,
    dead: false,
    sent: 0,
    charge: 0,
    claim: NO_CLAIM,
    overdue: false,
    soon: () => {},
    prepare: () => {},
    message: () => {
      throw new Error('nothing is sent');
    },
    answered: () => {},
    lost: () => {},
    closed: () => {},
    ...options,
  };
}

function slot(thread: number): Slot {
  return {
    thread,
    worker: null,
    up: false,
    jobs: new Map(),
    load: 0,
    threads: 0,
    solo: false,
    waiting: new Fifo(),
    turn: false,
    actors: new Set(),
    stages: new Map(),
    functions: new Set(),
  };
}

/** A scheduler over slots that do nothing; `end` answers all a slot has. */
function bench(workers: number, memory = 100) {
  const slots = Array.from({ length: workers }, (_, i) => slot(i + 1));
  const sent: (readonly Job[])[] = [];
  const claims = new Int32Array(CLAIM_WORDS * (workers + 1));
  let ids = 0;
  const scheduler = new Scheduler({
    slots,
    memory,
    claims,
    send: (s, jobs) => {
      for (const j of jobs) {
        j.sent = ++ids;
        if (j.claim !== NO_CLAIM) claims[j.claim] = claimOf(j.sent);
        s.jobs.set(j.sent, j);
      }
      sent.push(jobs);
    },
  });
  const end = (s: Slot): void => {
    for (const [id, j] of s.jobs) {
      s.jobs.delete(id);
      scheduler.finished(s, j);
    }
    scheduler.dispatch();
  };
  return { scheduler, slots, sent, claims, end };
}

test('a worker that runs a task of a stage has more of them behind it, by how long they take', () => {
  for (const [ms, atATime] of [
    [Number.NaN, 2],
    [100, 2],
    [1.5, 4],
    [0.01, CLAIM_WORDS],
  ] as const) {
    const { scheduler, slots, end } = bench(2);
    if (!Number.isNaN(ms)) scheduler.took(ms);
    const tasks = Array.from({ length: 40 }, () => job({ stage: true }));
    for (const t of tasks) scheduler.submit(t);
    scheduler.dispatch();
    assert.equal(
      slots.map((s) => s.jobs.size),
      [atATime, atATime],
    );
    assert.is(new Set(slots.flatMap((s) => [...s.jobs.values()].map((j) => j.claim))).size, 2 * atATime);
    // A call waits for a worker that has nothing to do, and no task passes it.
    scheduler.submit(job({ priority: 1 }));
    end(slots[0] as Slot);
    assert.is((slots[0] as Slot).jobs.size, 1);
    assert.is((slots[1] as Slot).jobs.size, atATime, 'no task behind a call');
  }
});

/** Workers that take their tasks in any order of events, and answer when they please: every task runs once. */
function anyCourse(tasks: number, workers: number, late: readonly boolean[], steps: readonly number[]): number[] {
  const { scheduler, slots, sent, claims } = bench(workers);
  const ran: number[] = [];
  const inbox = slots.map(() => [] as { job: Job; id: number; claim: number }[]);
  const running = slots.map(() => null as Job | null);
  let seen = 0;
  const deliver = (): void => {
    for (; seen < sent.length; seen++) {
      for (const j of sent[seen] as readonly Job[]) {
        const at = slots.findIndex((s) => s.jobs.get(j.sent) === j);
        if (at >= 0) inbox[at]?.push({ job: j, id: j.sent, claim: j.claim });
      }
    }
  };
  for (const [i, s] of slots.entries()) Object.assign(s, { worker: {}, up: !late[i] });
  scheduler.took(2);
  for (let i = 0; i < tasks; i++) scheduler.submit(job({ stage: true, name: String(i) }));
  scheduler.dispatch();
  deliver();
  const step = (at: number): void => {
    const slot = slots[at] as Slot;
    const j = running[at];
    if (j) {
      ran.push(Number(j.name));
      running[at] = null;
      slot.up = true;
      slot.jobs.delete(j.sent);
      scheduler.finished(slot, j);
      scheduler.dispatch();
      deliver();
      return;
    }
    for (let m = inbox[at]?.shift(); m !== undefined; m = inbox[at]?.shift()) {
      if (!takeClaim(claims, m)) continue;
      running[at] = m.job;
      return;
    }
  };
  // A thread that starts late does nothing before all others are done, if there are others.
  const awake = slots.map((_, i) => i).filter((i) => !late[i]);
  for (const s of steps) if (awake.length > 0) step(awake[s % awake.length] as number);
  for (let i = 0; i < 4 * tasks && ran.length < tasks; i++) for (const at of awake) step(at);
  const early = ran.length;
  for (let i = 0; i < 4 * tasks; i++) for (const at of slots.keys()) step(at);
  if (awake.length > 0) assert.is(early, tasks, 'nothing waits for a thread that starts');
  return ran;
}

test('every task runs once, whoever takes it back from whom', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(), { maxLength: 100 }),
      (tasks, late, steps) => {
        const ran = anyCourse(tasks, late.length, late, steps);
        assert.equal(
          ran.sort((a, b) => a - b),
          Array.from({ length: tasks }, (_, i) => i),
        );
      },
    ),
  );
});

test('the queue gives the best first, whatever came when', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.boolean(), fc.boolean())), (plan) => {
      const queue = new ReadyQueue();
      const model: Fake[] = [];
      const take = (): void => {
        model.sort((a, b) => b.priority - a.priority || a.order - b.order);
        while (model[0]?.dead) model.shift();
        assert.is(queue.pop(), model.shift());
      };
      plan.forEach(([priority, late, pop], i) => {
        const j = job({ priority, order: late ? plan.length - i : plan.length + i + 1 / (i + 2) });
        model.push(j);
        queue.push(j);
        if (i % 7 === 6) j.dead = true;
        if (pop) take();
      });
      while (model.some((j) => !j.dead)) take();
      assert.is(queue.pop(), undefined);
    }),
  );
});

test('a first in, first out list of any length', () => {
  const list = new Fifo();
  const all = Array.from({ length: 10_000 }, () => job());
  let taken = 0;
  for (const [i, j] of all.entries()) {
    list.push(j);
    if (i % 3 > 0) assert.is(list.shift(), all[taken++]);
  }
  assert.is(list.size, all.length - taken);
  assert.equal(list.clear(), all.slice(taken));
  assert.is(list.shift(), undefined);
});

test('short jobs go together, about 2 ms of them; unknown and long ones and stage tasks alone', () => {
  const { scheduler, slots, sent, end } = bench(1);
  for (let i = 0; i < 100; i++) scheduler.submit(job({ expected: 0.1 }));
  scheduler.dispatch();
  assert.is(sent[0]?.length, 20);
  end(slots[0] as Slot);
  assert.is(sent[1]?.length, 20);
  const alone = [job({ priority: 9 }), job({ priority: 8, expected: 1.5 }), job({ priority: 7, stage: true })];
  for (const j of alone) scheduler.submit(j);
  for (let i = 2; i < 5; i++) {
    end(slots[0] as Slot);
    assert.equal(sent[i], [alone[i - 2]]);
  }
});

test('few jobs are spread over the workers', () => {
  const { scheduler, slots } = bench(4);
  for (let i = 0; i < 8; i++) scheduler.submit(job({ expected: 0.001 }));
  scheduler.dispatch();
  assert.equal(
    slots.map((s) => s.jobs.size > 0),
    [true, true, true, true],
  );
});

test('one that lacks memory holds back those that want memory, no others; one that lacks threads all', () => {
  const { scheduler, slots, sent, end } = bench(3);
  const [a, b, c, d] = [job({ memory: 60 }), job({ memory: 60 }), job({ memory: 10 }), job()];
  for (const j of [a, b, c, d]) scheduler.submit(j);
  scheduler.dispatch();
  assert.equal(sent, [[a], [d]]);
  end(slots[0] as Slot);
  assert.equal(sent.slice(2), [[b], [c]]);
  for (const s of slots) end(s);
  sent.length = 0;
  const [e, wide, f] = [job(), job({ threads: 3 }), job()];
  for (const j of [e, wide, f]) scheduler.submit(j);
  scheduler.dispatch();
  assert.equal(sent, [[e]]);
  end(slots[0] as Slot);
  assert.equal(sent, [[e], [wide]]);
  for (const s of slots) end(s);
  assert.equal(sent, [[e], [wide], [f]]);
});

test('jobs of an actor run on its slot only, and take turns with others', () => {
  const { scheduler, slots, sent, end } = bench(1);
  const [only] = slots as [Slot];
  const own = Array.from({ length: 3 }, () => job({ pinned: only }));
  const others = Array.from({ length: 3 }, () => job());
  for (const j of [...own, ...others]) scheduler.submit(j);
  scheduler.dispatch();
  for (let i = 0; i < 6; i++) end(only);
  assert.equal(
    sent.map(([j]) => (j?.pinned === null ? 'other' : 'own')),
    ['own', 'other', 'own', 'other', 'own', 'other'],
  );
  assert.is(scheduler.waiting, 0);
});

test('a closed scheduler tells what waits, and what comes', () => {
  const { scheduler, slots } = bench(1);
  let told = 0;
  const closed = (): void => void told++;
  for (let i = 0; i < 5; i++) scheduler.submit(job({ closed }));
  scheduler.submit(job({ closed, pinned: slots[0] as Slot }));
  scheduler.submit(job({ closed, dead: true }));
  scheduler.close();
  scheduler.submit(job({ closed }));
  assert.is(told, 7);
});

test('10 000 tasks in diamonds under random priorities, sizes and releases: always the same result', () =>
  withEngine({}, async (engine) => {
    const mix = (a: number, b: number): number => (Math.imul(a, 31) + b) | 0;
    const direct: number[] = [1];
    const row = 100;
    for (let i = 1; i < 10_000; i++) {
      direct.push(mix(direct[i - 1 - ((i * 7) % Math.min(i, row))] ?? 0, direct[Math.max(0, i - row)] ?? 0));
    }
    for (const seed of [1, 2]) {
      let s = seed;
      const random = (n: number): number => {
        s = (Math.imul(s, 1_103_515_245) + 12_345) >>> 0;
        return (s >>> 8) % n;
      };
      const defs = Array.from({ length: 20 }, () => task(mix, { priority: random(7) - 3, memory: random(3) * 1000 }));
      const refs: Ref<number>[] = [engine.put(1)];
      for (let i = 1; i < 10_000; i++) {
        const a = refs[i - 1 - ((i * 7) % Math.min(i, row))] as Ref<number>;
        const b = refs[Math.max(0, i - row)] as Ref<number>;
        refs.push(engine.task(defs[random(20)] as (typeof defs)[0], a, b));
      }
      const wanted = Array.from({ length: 200 }, (_, i) => 9_999 - i);
      for (const [i, r] of refs.entries()) if (i < 9_000) r.release();
      const got = await engine.get(wanted.map((i) => refs[i] as Ref<number>));
      assert.equal(
        got,
        wanted.map((i) => direct[i]),
      );
    }
  }));

test('a chain of 20 000 tasks, and one failure for all that follow it', () =>
  withEngine({}, async (engine) => {
    const step = (x: number): number => x + 1;
    let at: Ref<number> = engine.put(0);
    for (let i = 0; i < 20_000; i++) at = engine.task(step, at);
    assert.is(await engine.get(at), 20_000);
    at = engine.task((): number => {
      throw new Error('first');
    });
    for (let i = 0; i < 20_000; i++) at = engine.task(step, at);
    try {
      await engine.get(at);
      assert.unreachable();
    } catch (e) {
      assert.match((e as Error).message, /first/);
    }
    assert.is(engine.tasks.stats().failed, 20_001);
    assert.is(engine.tasks.stats().waiting, 0);
  }));

test.run();
