import type { ShuffleEngine } from '../../engine/shuffle_tasks/shuffle.ts';
import { mapTask, mergeTask, reduceTask } from '../../engine/shuffle_tasks/worker.ts';
import { testStore } from '../../engine/store/store.ts';
import { placeValues } from '../../engine/tasks/places.ts';
import type { FunctionSource, Ref, ValuePlace } from '../../engine/tasks/types.ts';
import { decodeValue } from '../../engine/tasks/values.ts';

interface FakeRef extends Ref<unknown> {
  value: Promise<unknown>;
  released: boolean;
}

const workers: Readonly<Record<string, (...args: never[]) => unknown>> = { mapTask, mergeTask, reduceTask };

/** Runs tasks in this thread, each after a while that `delay` gives; results go through the store and back. */
export function fakeEngine(settings: { workers?: number; memory?: number; delay?: () => number } = {}) {
  const store = testStore();
  const live = new Set<FakeRef>();
  const counts = new Map<string, number>();
  let running = 0;
  let most = 0;
  let ids = 0;
  const ref = (name: string, value: Promise<unknown>): FakeRef => {
    const made: FakeRef = {
      id: ids++,
      name,
      value,
      released: false,
      release() {
        made.released = true;
        live.delete(made);
      },
    };
    value.catch(() => undefined);
    live.add(made);
    return made;
  };
  const isRef = (v: unknown): v is FakeRef => typeof v === 'object' && v !== null && 'released' in v;
  const run = async (source: FunctionSource, name: string, args: readonly unknown[]): Promise<unknown[]> => {
    const values = await Promise.all(args.map((a) => (isRef(a) ? a.value : a)));
    running++;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, settings.delay?.() ?? 0));
    try {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      const fn = workers[source.name];
      if (fn === undefined) throw new Error(`no function ${source.name}`);
      const results = (await fn(...(values as never[]))) as unknown[];
      return placeValues(store, results).map(read);
    } finally {
      running--;
    }
  };
  const read = (p: ValuePlace): unknown => {
    if (p.kind === 'plain') return p.value;
    if (p.kind === 'inline') return decodeValue(p.bytes, { copy: true });
    const lease = store.readBytes(p.object, p.offset, p.bytes);
    const value = decodeValue(lease.view, { copy: true });
    lease.release();
    store.release(p.object);
    return value;
  };
  const engine: ShuffleEngine = {
    workers: settings.workers ?? 2,
    memory: settings.memory ?? 64 << 20,
    task(def, ...args) {
      for (const a of args) if (isRef(a) && a.released) throw new Error(`${a.name} was released`);
      const { name = '', returns = 1 } = def.options;
      const results = run(def.fn, name, args);
      return Array.from({ length: returns }, (_, i) =>
        ref(
          `${name}[${i}]`,
          results.then((r) => r[i]),
        ),
      );
    },
    get: (r) => (r as FakeRef).value,
    cancel: () => undefined,
  };
  return {
    engine,
    store,
    live,
    counts,
    get most() {
      return most;
    },
    ref: (value: unknown) => ref('put', Promise.resolve(value)),
  };
}
