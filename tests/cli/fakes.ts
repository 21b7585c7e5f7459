import type { Api, Outcome, RunReporter, RunRequest, RunSummary } from '../../cli/api.ts';
import type { Context } from '../../cli/context.ts';
import type { Output } from '../../cli/io.ts';
import { styleFor } from '../../cli/style.ts';

export interface FakeOutput extends Output {
  text(): string;
  /** What happens when the reader leaves. */
  close(): void;
}

export function fakeOutput(columns?: number): FakeOutput {
  const chunks: Buffer[] = [];
  const closed = new AbortController();
  return {
    async write(chunk) {
      if (!closed.signal.aborted) chunks.push(Buffer.from(chunk));
    },
    closed: closed.signal,
    isTTY: columns !== undefined,
    columns,
    text: () => Buffer.concat(chunks).toString('utf8'),
    close: () => closed.abort(),
  };
}

export const summary: RunSummary = {
  rows: 1234,
  bytes: 56_789,
  written: [],
  elapsedMs: 420,
  workers: 2,
  memoryBytes: 64_000_000,
  peakBytes: 1_000_000,
  spilledBytes: 0,
  rejected: 0,
  expectations: [],
  spilledObjects: 0,
  restoredBytes: 0,
};

export interface FakeContext extends Context {
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
  /** The last request that `run` got. */
  request(): RunRequest | undefined;
}

type Run = (request: RunRequest, reporter: RunReporter) => Promise<Outcome<RunSummary>>;

/** A command's surroundings with a library whose `run` is the given function. */
export function fakeContext(
  run: Run = async () => ({ status: 'done', value: summary, warnings: [] }),
  parts: Partial<Api> = {},
  columns?: number,
): FakeContext {
  let request: RunRequest | undefined;
  const api: Api = {
    run: (r, reporter) => {
      request = r;
      return run(r, reporter);
    },
    check: async () => ({ status: 'done', value: { relations: [] }, warnings: [] }),
    dryRun: async () => ({ status: 'done', value: { reads: [], writes: [], prints: [], stages: 1 }, warnings: [] }),
    schemasOfFlow: async () => ({ status: 'done', value: [], warnings: [] }),
    schemaOfData: async () => ({ status: 'done', value: [], warnings: [] }),
    reference: () => [],
    explain: async () => ({ status: 'done', value: 'the plan', warnings: [] }),
    errorPages: [{ code: 'FLOW1001', title: 'A title', explanation: 'Why.\n\n    an example\n' }],
    ...parts,
  };
  const plain = styleFor({}, {});
  return {
    stdout: fakeOutput(columns),
    stderr: fakeOutput(columns),
    stdoutStyle: plain,
    stderrStyle: plain,
    startEarly: () => {},
    loadApi: async () => api,
    request: () => request,
  };
}
