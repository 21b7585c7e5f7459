import { setFlagsFromString } from 'node:v8';
import type { DiagnosticRegistry } from '../grammar/diagnostics.ts';
import { syntax } from '../grammar/syntax_codes.ts';
import {
  type Bound,
  type CheckResult,
  type CompileOptions,
  check,
  checkData,
  checkText,
  compilerRegistries,
  dryRun,
  Engine,
  type EngineOptions,
  explain,
  explainKernels,
  formatStats,
  formatType,
  foundBy,
  MIN_MEMORY,
  type PhysicalPlan,
  plan,
  RunError,
  type RunResult,
  reference,
  type Schema,
  type StageEvent,
  schemaText,
  stageName,
  valuesText,
} from '../index.ts';
import type {
  Api,
  DataRequest,
  ErrorPage,
  ExpectationSummary,
  FileRequest,
  Outcome,
  RelationSchema,
  ResultColumn,
  RunReporter,
  RunRequest,
  RunSummary,
} from './api.ts';
import { UsageError } from './exit.ts';
import { reportResults } from './results.ts';
import { runErrorPages } from './run_pages.ts';
import { formatSize } from './size.ts';
import { TraceFile } from './trace_file.ts';

/** Every registry of diagnostics whose codes `explain-error` knows. */
const REGISTRIES: readonly DiagnosticRegistry[] = [syntax, ...compilerRegistries];

const pages: readonly ErrorPage[] = [
  ...REGISTRIES.flatMap((registry) =>
    Object.values(registry).map(({ code, title, explanation }) => ({ code, title, explanation })),
  ),
  ...runErrorPages,
];

/** How often progress is looked at; the command thins it out further. */
const PROGRESS_MS = 100;

export const api: Api = {
  errorPages: pages,
  run: (request, reporter) => outcome(() => run(request, reporter)),
  check: (request) =>
    bound(
      request,
      async ({ relations }) => ({
        relations: relations.map(({ name, schema }) => ({ name, columns: columnsOf(schema) })),
      }),
      request.lint,
    ),
  dryRun: (request) =>
    bound(request, async (_, logical) => {
      const { reads, writes, prints, stages } = await dryRun(await plan(logical));
      return {
        reads: reads.map((one) => ({ ...one, columns: columnsOf(one.columns) })),
        writes: writes.map((one) => ({ ...one, columns: columnsOf(one.columns) })),
        prints: prints.map(columnsOf),
        stages,
      };
    }),
  schemasOfFlow: (request) => bound(request, ({ relations }) => relationSchemas(relations)),
  schemaOfData: (request) => outcome(() => schemaOfData(request)),
  reference,
  explain: (request) =>
    bound(request, async (_, logical) => {
      const planned = await plan(logical);
      return request.kernels ? explainKernels(planned.physical) : explain(planned, request.format);
    }),
};

/** What `use` makes of a file without mistakes. */
function bound<T>(
  request: FileRequest,
  use: (bound: Bound, logical: NonNullable<Bound['plan']>) => Promise<T>,
  lint = false,
): Promise<Outcome<T>> {
  return outcome(async () => {
    const checked = await check(request.text, request.path, { ...compileOptions(request), lint });
    if (checked.plan === null) return { status: 'rejected', diagnostics: checked.diagnostics };
    return { status: 'done', value: await use(checked, checked.plan), warnings: checked.diagnostics };
  });
}

function compileOptions({ params, udf, access }: FileRequest): CompileOptions {
  return { params: Object.fromEntries(params), ...(udf === undefined ? {} : { udf }), ...access };
}

/** A run error is an outcome; anything else that is thrown is a bug and passes. */
async function outcome<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await work();
  } catch (e) {
    if (!(e instanceof RunError)) throw e;
    if (e.code === 'FLOW7012')
      return { status: 'cancelled', ...(e.where.file === STDOUT ? { outputClosed: true } : {}) };
    return {
      status: 'failed',
      failure: { code: e.code, message: e.message, where: e.where, hint: e.hint },
      warnings: [],
    };
  }
}

async function schemaOfData({
  path,
  format,
  options,
  access,
}: DataRequest): Promise<Outcome<readonly RelationSchema[]>> {
  const checked = checkData(path, format, options, access);
  if (checked === null)
    throw new UsageError(`the ending of ${path} names no format`, 'name it: flowc schema FILE --format csv');
  const { plan: found, relations, diagnostics } = await checked;
  const [first] = diagnostics;
  // It is about the command line, and no flow of the user's.
  if (found === null && first !== undefined) {
    throw new UsageError(first.message, first.suggestion?.text ?? first.notes?.[0]);
  }
  return {
    status: 'done',
    value: await relationSchemas(relations.map((one) => ({ ...one, name: path }))),
    warnings: [],
  };
}

function relationSchemas(relations: Bound['relations']): Promise<RelationSchema[]> {
  return Promise.all(
    relations.map(async ({ name, schema }) => ({
      name,
      columns: columnsOf(schema),
      statement: await schemaText(name, schema),
    })),
  );
}

/** Standard output as the path of a `write` step. */
const STDOUT = '-';

export function columnsOf(schema: Schema): ResultColumn[] {
  return schema.map((f) => ({ name: f.name, type: formatType(f.type, f.nullable) }));
}

async function run(request: RunRequest, reporter: RunReporter): Promise<Outcome<RunSummary>> {
  checkMemory(request.memory);
  if ((request.memory ?? Number.POSITIVE_INFINITY) <= SMALL_MEMORY) collectSooner();
  // Sources are sampled here, and standard input may be long in coming.
  const bound = await Promise.race([
    check(request.text, request.path, compileOptions(request)),
    aborted(request.signal),
  ]);
  if (bound.plan === null) return { status: 'rejected', diagnostics: bound.diagnostics };
  const { physical } = await plan(bound.plan, {
    resultLimit: request.out === 'table' ? request.previewRows + 1 : null,
  });
  const trace = request.trace === undefined ? null : new TraceFile(request.trace);
  try {
    return await runPlan(bound, physical, request, reporter, trace);
  } finally {
    trace?.close();
  }
}

async function runPlan(
  bound: Bound,
  physical: PhysicalPlan,
  request: RunRequest,
  reporter: RunReporter,
  trace: TraceFile | null,
): Promise<Outcome<RunSummary>> {
  const engine = new Engine(engineOptions(request));
  // A thread comes up while the file is checked and planned.
  engine.warm();
  // Ends the threads at once: a task in a long computation must not keep the command alive.
  const stop = (): void => void engine.close();
  if (request.signal.aborted) stop();
  request.signal.addEventListener('abort', stop, { once: true });
  try {
    const watch = watchProgress(engine, physical.stages.length, reporter);
    const options = {
      signal: request.signal,
      onStage: watch.onStage,
      ...(request.shuffle === undefined ? {} : { shuffle: request.shuffle }),
    };
    const result = await engine.run(physical, options).finally(watch.stop);
    // A reader that takes nothing must not keep a run alive that was told to stop.
    await Promise.race([reportResults(result.results, request, reporter), aborted(request.signal)]);
    return { status: 'done', warnings: bound.diagnostics, value: summaryOf(result, engine, request) };
  } catch (e) {
    // What breaks while everything is being stopped is no news.
    if (request.signal.aborted) return { status: 'cancelled' };
    throw e;
  } finally {
    request.signal.removeEventListener('abort', stop);
    await engine.close();
    const json = engine.traceJson();
    if (json !== null) trace?.write(json);
  }
}

/** `3 of 10 rows fail `x > 0`, dropped (first: orders.csv, row 4, x = -1)`. */
function expectationOf(result: CheckResult): ExpectationSummary {
  const found = foundBy(result);
  const { first, failed, action } = found;
  if (failed === 0) return { ...found, report: null };
  const place = [
    first?.file,
    first?.row === undefined ? undefined : `row ${first.row}`,
    first === null ? '' : valuesText(first),
  ];
  const shown = place.filter((part) => part !== undefined && part !== '').join(', ');
  const fate = action === 'drop' ? ', dropped' : action === 'quarantine' ? ', quarantined' : '';
  const report = `${checkText(result)}${fate}${shown === '' ? '' : ` (first: ${shown})`}`;
  return { ...found, report };
}

function summaryOf({ progress, sinks, checks, stats, ms }: RunResult, engine: Engine, request: RunRequest): RunSummary {
  const { spilledBytes, spilledObjects, restoredBytes } = stats.spill;
  return {
    rows: progress.rowsRead,
    rejected: progress.rowsRejected,
    bytes: progress.bytesRead,
    expectations: checks.map(expectationOf),
    written: sinks.map((s) => ({ path: s.path, rows: s.rows, bytes: s.bytes })),
    elapsedMs: ms,
    workers: engine.workers,
    memoryBytes: engine.memory,
    peakBytes: stats.memory.peak,
    spilledBytes,
    spilledObjects,
    restoredBytes,
    ...(request.stats ? { stats: { figures: stats, text: formatStats(stats) } } : {}),
  };
}

/** Rejects when the signal comes. */
function aborted(signal: AbortSignal): Promise<never> {
  const rejected = new Promise<never>((_, reject) => {
    const stop = (): void => reject(new RunError('FLOW7012', 'the run was interrupted'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  rejected.catch(() => undefined);
  return rejected;
}

function checkMemory(bytes: number | undefined): void {
  if (bytes === undefined || bytes >= MIN_MEMORY) return;
  throw new UsageError(
    `--memory: ${formatSize(bytes)} is too little for any run`,
    `give at least ${MIN_MEMORY / 2 ** 20}MiB`,
  );
}

/** Under a limit like this JavaScript's garbage, which is not in it, must not be as much as all data. */
const SMALL_MEMORY = 256e6;

/**
 * Heaps, of which the main thread and every worker has one, grow to several times of what lives in them before they are collected. Here by a third only. Set by the
 * command and not by the engine, as it holds for the whole process.
 */
function collectSooner(): void {
  setFlagsFromString('--optimize-for-size');
}

function engineOptions(request: RunRequest): EngineOptions {
  const { spillThreshold: threshold, spillCap: diskCap } = request;
  const spill = { ...(threshold === undefined ? {} : { threshold }), ...(diskCap === undefined ? {} : { diskCap }) };
  return {
    ...(request.workers === undefined ? {} : { workers: request.workers }),
    ...(request.memory === undefined ? {} : { memory: request.memory }),
    ...(request.spillDirs.length === 0 ? {} : { spillDirs: request.spillDirs }),
    ...(request.spill ? { spill } : { spill: false }),
    trace: request.trace !== undefined,
    ...request.access,
  };
}

/** Reports what the engine does a few times a second, named by the stage that started last. */
function watchProgress(engine: Engine, stageCount: number, reporter: RunReporter) {
  const started = performance.now();
  let stage = '';
  let stageIndex = 1;
  const tell = (): void => {
    const p = engine.progress();
    reporter.progress({
      stage,
      stageIndex,
      stageCount,
      rows: p.rowsRead,
      bytes: p.bytesRead,
      totalBytes: p.bytesTotal > 0 ? p.bytesTotal : undefined,
      share: p.share > 0 ? p.share : undefined,
      spilledBytes: p.spilledBytes,
      elapsedMs: performance.now() - started,
    });
  };
  const timer = setInterval(tell, PROGRESS_MS);
  return {
    onStage: (e: StageEvent): void => {
      if (e.state !== 'start') return;
      stage = stageName(e.stage);
      stageIndex = e.stage.id + 1;
      tell();
    },
    stop: (): void => {
      clearInterval(timer);
      tell();
    },
  };
}
