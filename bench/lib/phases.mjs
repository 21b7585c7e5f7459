// Threads over one store that run the halves of an operator at a common start signal, for benchmarks of operators alone.
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { DuckDBInstance } from '@duckdb/node-api';
import { register } from 'tsx/esm/api';

register();
const { createStore } = await import('../../engine/store/store.ts');

/** Options of the command line; `rows`: default of --rows. */
export function operatorOptions(rows) {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: rows },
      runs: { type: 'string', default: '5' },
      threads: { type: 'string', default: '2' },
      case: { type: 'string', default: '' },
      'no-duckdb': { type: 'boolean', default: false },
      'no-javascript': { type: 'boolean', default: false },
    },
  });
  const [count, runs, threads] = [values.rows, values.runs, values.threads].map(Number);
  return {
    rows: count,
    runs,
    threads,
    case: values.case,
    duckdb: !values['no-duckdb'],
    plain: !values['no-javascript'],
  };
}

/** A connection with as many threads, or null. */
export async function duckConnection({ duckdb, threads }) {
  return duckdb ? (await DuckDBInstance.create(':memory:', { threads: String(threads) })).connect() : null;
}

/** Starts the threads (`script`), which say `ready`. `make` and `phase` send all of them a message and give their answers; before a phase begins, all have to say that they are set. */
export async function operatorThreads(script, { rows, threads }) {
  const store = createStore({ limit: 3 * 2 ** 30, threads: threads + 1 });
  const control = new Int32Array(new SharedArrayBuffer(64));
  const answer = (worker) => new Promise((done) => worker.once('message', done));
  const workers = Array.from({ length: threads }, (_, thread) => {
    const init = { store: store.handle, thread, threads, control, rows };
    return new Worker(new URL(script, import.meta.url), { workerData: init });
  });
  await Promise.all(workers.map(answer));
  const ask = (message) => {
    const answers = Promise.all(workers.map(answer));
    for (const worker of workers) worker.postMessage(message);
    return answers;
  };
  return {
    store,
    make: (name) => ask({ what: 'make', name }),
    async phase(message) {
      await ask(message);
      const finished = Promise.all(workers.map(answer));
      Atomics.add(control, 0, 1);
      Atomics.notify(control, 0);
      return finished;
    },
    async end() {
      const ended = Promise.all(workers.map((worker) => new Promise((done) => worker.once('exit', done))));
      for (const worker of workers) worker.postMessage({ what: 'end' });
      await ended;
      store.close();
    },
  };
}
