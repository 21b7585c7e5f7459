// A CPU profile of one piece of work of a thread, as lines of its own time by function.
import { Session } from 'node:inspector/promises';

/** Runs `work`, and with `on` prints where its time went, from 2 % of it on. */
export async function profiled(on, work) {
  if (!on) return work();
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  const result = await work();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  const names = new Map(
    profile.nodes.map((n) => [
      n.id,
      `${n.callFrame.functionName || '(anonymous)'} ${n.callFrame.url.split('/').at(-1)}`,
    ]),
  );
  const own = new Map();
  profile.samples.forEach((id, i) => {
    own.set(names.get(id), (own.get(names.get(id)) ?? 0) + profile.timeDeltas[i] / 1000);
  });
  const total = [...own.values()].reduce((a, b) => a + b, 0);
  const lines = [...own].sort((a, b) => b[1] - a[1]).filter(([, ms]) => ms > total / 50);
  console.log(
    `profile of ${total.toFixed(0)} ms\n${lines.map(([name, ms]) => `${ms.toFixed(0).padStart(7)} ${name}`).join('\n')}`,
  );
  return result;
}
