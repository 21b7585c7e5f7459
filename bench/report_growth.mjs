// --growth: a suite at several sizes, with the exponent of its time over its rows, and with one and two threads at the largest size.
import { exponent } from './suites/lib/numbers.mjs';
import { runSuite } from './suites/lib/run.mjs';

/** Median by case and contestant of several results of one suite: Map of 'case\ncontestant' to the medians, in the order of the results. */
function medians(results) {
  const all = new Map();
  for (const [i, result] of results.entries()) {
    for (const { name, contestants } of result.cases) {
      for (const c of contestants) {
        const key = `${name}\n${c.name}`;
        if (!all.has(key))
          all.set(
            key,
            results.map(() => null),
          );
        all.get(key)[i] = c.median ?? null;
      }
    }
  }
  return all;
}

const shown = (x) => (x === null ? '' : x.toFixed(x < 100 ? 1 : 0));

function sizesTable(results, sizes) {
  const rows = [...medians(results)].map(([key, times]) => {
    const points = times.map((t, i) => [sizes[i], t]).filter(([, t]) => t !== null);
    const grows = points.length > 1 ? exponent(points).toFixed(2) : '';
    return [...key.split('\n'), ...times.map(shown), grows];
  });
  const head = ['case', 'contestant', ...sizes.map((n) => `${n.toExponential().replace('+', '')} ms`), 'exponent'];
  return { title: 'Time over rows', head, rows };
}

function threadsTable(one, two) {
  const rows = [...medians([one, two])].map(([key, [a, b]]) => {
    const faster = a !== null && b !== null ? (a / b).toFixed(2) : '';
    return [...key.split('\n'), shown(a), shown(b), faster];
  });
  return {
    title: `Threads at ${two.rows} rows`,
    head: ['case', 'contestant', '1 thread ms', '2 threads ms', 'speed-up'],
    rows,
  };
}

export async function growth(module, options, sizes) {
  const results = [];
  for (const rows of sizes) results.push(await runSuite(module, { ...options, rows, threads: 2 }));
  const two = results.at(-1);
  const one = await runSuite(module, { ...options, rows: sizes.at(-1), threads: 1 });
  const { suite, title, about, input, cases } = two;
  return {
    suite,
    kind: 'growth',
    title: `${title}: growth`,
    about,
    input,
    cases,
    tables: [sizesTable(results, sizes), threadsTable(one, two)],
    results: [...results, one],
    problems: [...results, one].flatMap((r) => r.problems.map((p) => `${r.rows} rows, ${r.threads} threads: ${p}`)),
  };
}
