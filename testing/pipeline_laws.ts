import type fc from 'fast-check';
import type { FlowRunOptions } from '../compiler/run.ts';
import { chosenOf } from './engine_laws.ts';
import { caseText, FLOW_RUNS, FlowPlace, flowCases, indented } from './flow_cases.ts';
import { amongst, type FlowRows, type FlowRunner, rowsDiffer, SETTINGS, Workshop } from './flow_rows.ts';
import { holds, LawError, type LawOptions } from './laws.ts';
import type { TestRow, TestTable } from './tables.ts';

export interface PipelineLaws extends LawOptions {
  /** Tables of the relation `input`, which the pipeline reads. */
  readonly input: fc.Arbitrary<TestTable>;
  /** Tables of other relations, by the names by which the pipeline reads them. */
  readonly tables?: Readonly<Record<string, fc.Arbitrary<TestTable>>>;
  /** Names of `PIPELINE_LAWS`. Default: those that hold for any pipeline that gives the same rows each time. */
  readonly laws?: readonly string[];
  /** For the law `parts`: what makes the rows for all out of those for parts, a pipeline that reads them as `input`. */
  readonly merge?: string;
  /** How flows are run. Default: `runText`, under the options `run`. */
  readonly runner?: FlowRunner;
  readonly run?: FlowRunOptions;
}

/** The pipeline of a law over the tables of a case. */
interface Subject {
  readonly law: PipelineLaw;
  readonly at: FlowPlace;
  /** The whole flow, over a source of `input`. */
  readonly flow: (input: string) => string;
  /** The whole flow of `merge`. */
  readonly merged: (input: string) => string;
}

export interface PipelineLaw {
  readonly name: string;
  /** The law in words. */
  readonly says: string;
  readonly holds: (s: Subject) => Promise<void>;
}

/** Both flows give the same rows. */
async function same(
  s: Subject,
  one: string,
  two: string,
  order: 'any order' | 'in order',
  setting?: number,
): Promise<void> {
  const first = { what: one, rows: await s.at.rows(one, setting === undefined ? undefined : 0) };
  const second = { what: two, rows: await s.at.rows(two, setting) };
  s.at.compare(s.law.name, s.law.says, first, second, order);
}

function broken({ law, at, flow }: Subject, what: string): LawError {
  const text = `  flow:\n${indented(flow(at.source('input')))}\n  files:\n${indented(at.files())}`;
  return new LawError(law.name, `${law.says}, but not here: ${what}\n${text}`);
}

/** The rows of the pipeline, and those that went in, both of the columns that are in both. */
async function inAndOut(s: Subject): Promise<readonly [FlowRows, FlowRows]> {
  const source = s.at.source('input');
  const out = await s.at.rows(s.flow(source));
  const all = await s.at.rows(`from ${source}`);
  const missing = out.schema.filter((f) => all.schema.every((g) => g.name !== f.name)).map((f) => f.name);
  if (missing.length > 0) throw broken(s, `there is no column ${missing.join(', ')} in the input`);
  return [{ schema: out.schema, rows: all.rows }, out];
}

/** Some rows, and the others behind them. */
function halves(at: FlowPlace): readonly [readonly TestRow[], readonly TestRow[]] {
  const rows = at.rowsOf('input');
  const cut = at.number(0, rows.length + 1);
  return [rows.slice(0, cut), rows.slice(cut)];
}

const FOR_ANY: readonly PipelineLaw[] = [
  {
    name: 'determinism',
    says: 'the same input gives the same rows',
    async holds(s) {
      const flow = s.flow(s.at.source('input'));
      await same(s, flow, flow, 'in order');
    },
  },
  {
    name: 'workers and memory',
    says: 'one worker with ample memory gives the same rows as several with the least',
    async holds(s) {
      const flow = s.flow(s.at.source('input'));
      await same(s, flow, flow, 'in order', SETTINGS.length - 1);
    },
  },
  {
    name: 'several files',
    says: 'an input in several files is the same input',
    holds: (s) => same(s, s.flow(s.at.source('input')), s.flow(s.at.inFiles('input')), 'in order'),
  },
  {
    name: 'always true',
    says: 'a condition that is always true changes nothing',
    async holds(s) {
      const source = s.at.source('input');
      const p = s.at.condition('input');
      await same(s, s.flow(source), s.flow(`${source} | where (${p}) or not (${p}) or (${p}) is null`), 'in order');
    },
  },
];

const FOR_SOME: readonly PipelineLaw[] = [
  {
    name: 'input order',
    says: 'an input in another order gives the same rows, in any order',
    async holds(s) {
      const back = s.at.source('input', [...s.at.rowsOf('input')].reverse(), 'reversed');
      await same(s, s.flow(s.at.source('input')), s.flow(back), 'any order');
    },
  },
  {
    name: 'row by row',
    says: 'what two inputs give is what both give together',
    async holds(s) {
      const [a, b] = halves(s.at);
      const [one, two] = [s.flow(s.at.source('input', a, 'one')), s.flow(s.at.source('input', b, 'two'))];
      const [x, y] = [await s.at.rows(one), await s.at.rows(two)];
      const whole = s.flow(s.at.source('input'));
      s.at.compare(
        s.law.name,
        s.law.says,
        { what: `${one}\n  and\n${two}`, rows: { schema: x.schema, rows: [...x.rows, ...y.rows] } },
        { what: whole, rows: await s.at.rows(whole) },
        'any order',
      );
    },
  },
  {
    name: 'parts',
    says: 'what parts give, merged, is what all rows give',
    async holds(s) {
      const parts = halves(s.at);
      for (const [i, rows] of parts.entries())
        await s.at.run(`${s.flow(s.at.source('input', rows, `part${i}`))}\n| write parquet("part${i}.parquet")`);
      const merged = s.merged('parquet(["part0.parquet", "part1.parquet"])');
      await same(s, s.flow(s.at.source('input')), merged, 'any order');
    },
  },
  {
    name: 'idempotence',
    says: 'the pipeline over its own rows gives them again',
    async holds(s) {
      const flow = s.flow(s.at.source('input'));
      await s.at.run(`${flow}\n| write parquet("once.parquet")`);
      await same(s, flow, s.flow('parquet("once.parquet")'), 'in order');
    },
  },
  {
    name: 'permutation',
    says: 'all rows come out, each as often as it went in',
    async holds(s) {
      const [all, out] = await inAndOut(s);
      const differ = rowsDiffer(all, out, 'any order');
      if (differ !== null) throw broken(s, differ);
    },
  },
  {
    name: 'subset',
    says: 'rows that come out went in, and no more often than that',
    async holds(s) {
      const [all, out] = await inAndOut(s);
      const differ = rowsDiffer(amongst(all, out), out, 'any order');
      if (differ !== null) throw broken(s, differ);
    },
  },
  {
    name: 'row for row',
    says: 'as many rows come out as went in',
    async holds(s) {
      const { rows } = await s.at.rows(s.flow(s.at.source('input')));
      const went = s.at.rowsOf('input').length;
      if (rows.length !== went) throw broken(s, `${went} rows went in, ${rows.length} came out`);
    },
  },
];

/** The laws of `checkPipeline`, by name; the first ones hold for any pipeline that gives the same rows each time. */
export const PIPELINE_LAWS: readonly PipelineLaw[] = [...FOR_ANY, ...FOR_SOME];

/**
 * Laws of a pipeline, over random tables of its input: the text of a flow that reads the relation `input`, and whose last statement is a pipeline without a sink. Rejects with
 * LawError, which has the flows, what differs, and the files. Default: 20 cases of each law.
 */
export async function checkPipeline(pipeline: string, options: PipelineLaws): Promise<void> {
  const { laws = FOR_ANY.map((l) => l.name), tables = {}, run = {}, merge } = options;
  const chosen = chosenOf(PIPELINE_LAWS, laws);
  if (laws.includes('parts') && merge === undefined) throw new TypeError('the law parts needs `merge`');
  const cases = flowCases({ input: options.input, ...tables });
  const workshop = new Workshop(run);
  const subject = (law: PipelineLaw, at: FlowPlace): Subject => {
    const over = (text: string) => (input: string) => {
      const others = Object.keys(tables).map((name) => `let ${name} = from ${at.source(name)}\n`);
      return `let input = from ${input}\n${others.join('')}${text}`;
    };
    return { law, at, flow: over(pipeline), merged: over(merge ?? '') };
  };
  try {
    for (const law of chosen)
      await holds(
        'the pipeline',
        cases,
        (c) => workshop.place((cwd) => law.holds(subject(law, new FlowPlace(c, cwd, options.runner ?? workshop.run)))),
        { ...FLOW_RUNS, ...options },
        caseText,
      );
  } finally {
    await workshop.close();
  }
}
