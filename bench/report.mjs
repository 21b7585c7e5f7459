// Results as tables on the terminal, as Markdown, and as JSON.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MIB = 2 ** 20;
const ms = (x) => (x === undefined || x === null ? '' : x < 10 ? x.toFixed(2) : x < 100 ? x.toFixed(1) : x.toFixed(0));
const ratio = (x) => (x === undefined ? '' : x.toFixed(2));
const mib = (x) => (x === undefined || x === null || x === 0 ? '' : (x / MIB).toFixed(0));

const HEAD = [
  'case',
  'contestant',
  'warm ms',
  'spread',
  'flowc/it',
  'cpu ms',
  'by cpu',
  'cold ms',
  'load ms',
  'peak MiB',
  'spilled MiB',
  'answer',
];

function verdict(c, first) {
  if (c.failed) return `failed: ${c.failed.replace(/\s+/g, ' ').slice(0, 100)}`;
  if (c.difference) return 'DIFFERS';
  return c === first ? '' : 'agrees';
}

/** The rows of the table: a line for each contestant of each case. */
function lines(result) {
  return result.cases.flatMap(({ name, memory, contestants }) => {
    const first = contestants.find((c) => !c.failed);
    const title = memory ? `${name} (${mib(memory)} MiB)` : name;
    return contestants.map((c, i) => [
      i === 0 ? title : '',
      c.input === result.input || c.input === undefined ? c.name : `${c.name} (${c.input})`,
      ms(c.median),
      ms(c.spread),
      ratio(c.ratio),
      ms(c.cpu),
      ratio(c.cpuRatio),
      ms(c.coldMs),
      c.loadMs ? ms(c.loadMs) : '',
      mib(c.peak),
      mib(c.spilled),
      verdict(c, first),
    ]);
  });
}

/** Lines of text under their heads, with numbers to the right. */
export function columns(head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, k) => Math.max(...all.map((r) => [...String(r[k])].length)));
  const numeric = head.map((_, k) => rows.every((r) => r[k] === '' || Number.isFinite(Number(r[k]))));
  return all.map((r) =>
    r
      .map((v, k) => (numeric[k] ? String(v).padStart(widths[k]) : String(v).padEnd(widths[k])))
      .join('  ')
      .trimEnd(),
  );
}

function settings({ rows, input, threads, conditions }) {
  const said = [
    rows === undefined ? null : `${rows} rows`,
    input,
    threads === undefined ? null : `${threads} thread${threads === 1 ? '' : 's'}`,
    `${conditions.runs} runs`,
  ];
  return said.filter((x) => x !== null && x !== undefined).join(', ');
}

const meansOf = (result) => Object.entries(result.means ?? {}).map(([name, x]) => `flowc/${name} ${x.toFixed(2)}`);

/** Versions of those who ran. */
function versions(result) {
  const seen = new Map(result.cases.flatMap((c) => c.contestants).map((c) => [c.name, c.version]));
  return [...seen].filter(([, v]) => v).map(([n, v]) => `${n} ${v}`);
}

function circumstances(result) {
  const { machine, node, loadBefore, loadAfter, commit, changed, started, skipped } = result.conditions;
  return [
    `${machine.processor}, ${machine.processors} processors, ${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB, ${machine.system}, Node.js ${node}`,
    ...(versions(result).length > 0 ? [versions(result).join(', ')] : []),
    `load average ${loadBefore.join(' ')} before, ${loadAfter.join(' ')} after`,
    `commit ${commit ?? 'unknown'}${changed ? ' with changes' : ''}, ${started}`,
    ...Object.values(skipped ?? {}).map((why) => `skipped: ${why}`),
  ];
}

function notes(result) {
  const all = [...(result.notes ?? [])];
  if (meansOf(result).length > 0) all.push(`geometric means: ${meansOf(result).join(', ')}`);
  return [...all, ...(result.problems ?? []).map((p) => `PROBLEM: ${p}`)];
}

const tablesOf = (result) => result.tables ?? [{ title: null, head: HEAD, rows: lines(result) }];

export function print(result) {
  console.log(`${result.title} (${settings(result)})`);
  for (const { title, head, rows } of tablesOf(result)) {
    if (title) console.log(`\n${title}`);
    if (rows.length > 0) console.log(columns(head, rows).join('\n'));
  }
  for (const line of result.output ?? []) console.log(line);
  for (const line of [...notes(result), ...circumstances(result)]) console.log(line);
}

const cell = (v) => String(v).replaceAll('|', '\\|');

export function markdown(result) {
  const out = [`# ${result.title}`, '', `${result.about} ${settings(result)}.`, ''];
  for (const { title, head, rows } of tablesOf(result)) {
    if (title) out.push(`## ${title}`, '');
    if (rows.length === 0) continue;
    out.push(`| ${head.join(' | ')} |`, `|${head.map(() => ' --- |').join('')}`);
    for (const r of rows) out.push(`| ${r.map(cell).join(' | ')} |`);
    out.push('');
  }
  if (result.output?.length > 0) out.push('```text', ...result.output, '```', '');
  out.push(...[...notes(result), ...circumstances(result)].map((line) => `- ${line}`), '');
  return out.join('\n');
}

/** Writes NAME.json and NAME.md, whole or not at all; returns their paths. */
export function store(result, dir) {
  mkdirSync(dir, { recursive: true });
  const parts = [result.suite, result.rows, result.input, result.threads && `${result.threads}t`, result.kind];
  const name = parts.filter(Boolean).join('-');
  const contents = { json: `${JSON.stringify(result, null, 1)}\n`, md: markdown(result) };
  return Object.entries(contents).map(([ending, text]) => {
    const path = join(dir, `${name}.${ending}`);
    writeFileSync(`${path}.tmp`, text);
    renameSync(`${path}.tmp`, path);
    return path;
  });
}
