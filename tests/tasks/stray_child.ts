import { startWorker } from './worker_harness.ts';

/** A task that leaves a rejection behind: what becomes of its thread, and what is written. */
const w = startWorker();
const job = w.job(() => {
  void new Promise((_, reject) => setTimeout(() => reject(new Error('nobody listens')), 5));
});
w.send({ type: 'jobs', jobs: [job] });
const answer = await w.answer(job.id);
console.log(answer.ok ? 'answered' : 'failed');
const { error } = await w.death;
console.log(`died: ${error?.message}`);
await w.end();
