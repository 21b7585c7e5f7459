import type { DiagnosticRegistry } from '../grammar/diagnostics.ts';
import { syntax } from '../grammar/syntax_codes.ts';
import { check, compilerRegistries, Engine, type EngineOptions, explain, formatType, plan, RunError, type Schema } from '../index.ts';
import type { Api, ErrorPage, FileRequest, Outcome, ResultColumn, RunReporter, RunRequest, RunSummary } from './api.ts';
import { reportResults } from './results.ts';
import { runErrorPages } from './run_pages.ts';

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
    outcome(async () => {
      const bound = await check(request.text, request.path, { params: Object.fromEntries(request.params) });
      if (bound.plan === null) return { status: 'rejected', diagnostics: bound.diagnostics };
      const relations = bound.relations.map(({ name, schema }) => ({ name, columns: columnsOf(schema) }));
      return { status: 'done', value: { relations }, warnings: bound.diagnostics };
    }),
  explain: (request) =>
    outcome(async () => {
      const bound = await check(request.text, request.path, { params: Object.fromEntries(request.params) });
      if (bound.plan === null) return { status: 'rejected', diagnostics: bound.diagnostics };
      return { status: 'done', value: explain(await plan(bound.plan), request.format), warnings: bound.diagnostics };
    }),
};

/** A run error is an outcome; anything else that is thrown is a bug and passes. */
async function outcome<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await work();
  } catch (e) {
    if (!(e instanceof RunError)) throw e;
    if (e.code === 'FLOW7012') return { status: 'cancelled' };
    return { status: 'failed', failure: { code: e.code, message: e.message, where: e.where, hint: e.hint }, warnings: [] };
  }
}

export function columnsOf(schema: Schema): ResultColumn[] {
  return schema.map((f) => ({ name: f.name, type: formatType(f.type, f.nullable) }));
}

async function run(request: RunRequest, reporter: RunReporter): Promise<Outcome<RunSummary>> {
  const engine = new Engine(engineOptions(request));
  // Ends the threads at once: a task in a long computation must not keep the command alive.
  const stop = (): void => void engine.close();
  try {
    const bound = await check(request.text, request.path, { params: Object.fromEntries((request as FileRequest).params) });
    if (bound.plan === null) return { status: 'rejected', diagnostics: bound.diagnostics };
    const table = request.out === 'table';
    const { physical } = await plan(bound.plan, { resultLimit: table ? request.previewRows + 1 : null });
    request.signal.addEventListener('abort', stop, { once: true });
    const watch = watchProgress(engine, physical.stages.length, reporter);
    const result = await engine.run(physical, { signal: request.signal, onStage: watch.onStage }).finally(watch.stop);
    await reportResults(result.results, request, reporter);
    return {
      status: 'done',
      warnings: bound.diagnostics,
      value: {
        rows: result.progress.rowsRead,
        bytes: result.progress.bytesRead,
        written: result.sinks.map((s) => ({ path: s.path, rows: s.rows, bytes: s.bytes })),
        elapsedMs: result.ms,
        workers: engine.workers,
        memoryBytes: engine.memory,
        peakBytes: result.store.peakBytes,
        spilledBytes: result.store.spilledBytes,
        spilledObjects: result.store.spilledObjects,
        restoredBytes: result.store.restoredBytes,
      },
    };
  } finally {
    request.signal.removeEventListener('abort', stop);
    await engine.close();
  }
}

function engineOptions(request: RunRequest): EngineOptions {
  return {
    ...(request.workers === undefined ? {} : { workers: request.workers }),
    ...(request.memory === undefined ? {} : { memory: request.memory }),
    ...(request.spillDirs.length === 0 ? {} : { spillDirs: request.spillDirs }),
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
      spilledBytes: p.spilledBytes,
      elapsedMs: performance.now() - started,
    });
  };
  const timer = setInterval(tell, PROGRESS_MS);
  return {
    onStage: (e: { stage: { id: number; label: string }; state: string }): void => {
      if (e.state !== 'start') return;
      stage = e.stage.label;
      stageIndex = e.stage.id + 1;
      tell();
    },
    stop: (): void => {
      clearInterval(timer);
      tell();
    },
  };
}
