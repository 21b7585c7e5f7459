import { encodeRows, formatType, type ResultRelation, showBatch } from '../index.ts';
import type { Cell, RunReporter, RunRequest } from './api.ts';

type Shown = Pick<RunRequest, 'out' | 'previewRows'>;

/** Hands the pipelines without a sink to the reporter: as tables of their first rows, or as a stream of bytes. */
export async function reportResults(
  results: readonly ResultRelation[],
  request: Shown,
  reporter: RunReporter,
): Promise<void> {
  for (const [i, r] of results.entries()) {
    try {
      if (request.out === 'table') await reportTable(r, i, results.length, request, reporter);
      else if (request.out !== 'none') await stream(r, request.out, reporter);
    } finally {
      r.release();
    }
  }
}

async function reportTable(
  r: ResultRelation,
  index: number,
  count: number,
  request: Shown,
  reporter: RunReporter,
): Promise<void> {
  const rows: Cell[][] = [];
  for (const batch of r.batches()) {
    if (rows.length >= request.previewRows) break;
    rows.push(...showBatch(batch, request.previewRows - rows.length));
  }
  await reporter.result({
    title: count > 1 ? `result ${index + 1}` : undefined,
    columns: r.schema.map((f) => ({ name: f.name, type: formatType(f.type, f.nullable) })),
    rows,
    more: r.rows > rows.length,
  });
}

async function stream(r: ResultRelation, format: 'csv' | 'ndjson', reporter: RunReporter): Promise<void> {
  for (const bytes of encodeRows(r.schema, r.batches(), format)) if (bytes.length > 0) await reporter.output(bytes);
}
