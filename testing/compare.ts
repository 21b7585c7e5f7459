import { type CompileOptions, check, plan } from '../compiler/compile.ts';
import { valuesOf } from '../engine/batch/access.ts';
import { RunError } from '../engine/errors.ts';
import type { LiteralValue } from '../engine/expr.ts';
import type { Engine, RunOptions } from '../engine/runtime/engine.ts';
import type { DataType, Schema } from '../engine/types.ts';
import type { Row } from './reference/expr.ts';
import { referenceRows, type Tables } from './reference/plan.ts';
import { canonical, keyText } from './reference/values.ts';

/** Digits that floats must agree in: sums may be added up in another order. */
const DIGITS = 9;

/** Rows of an output, or that the data is in error. */
export type Outcome = { readonly schema: Schema; readonly rows: readonly Row[] } | 'fails';

/** What the engine makes of a flow: the rows of each pipeline that ends without a sink, in order. Diagnostics that are errors are thrown. */
export async function engineOutcome(
  flow: string,
  engine: Engine,
  options: CompileOptions = {},
  run: RunOptions = {},
): Promise<readonly Outcome[]> {
  const bound = await check(flow, 'pipeline.flow', options);
  if (bound.plan === null) throw new Error(problems(flow, bound.diagnostics));
  const { physical } = await plan(bound.plan, options);
  try {
    const { results } = await engine.run(physical, run);
    return results.map((r) => {
      const rows: Row[] = [];
      for (const b of r.batches()) {
        const columns = b.columns.map((c, i) =>
          valuesOf(c).map((v) => canonical((b.schema[i] as { type: DataType }).type, v)),
        );
        for (let i = 0; i < b.rows; i++)
          rows.push(Object.fromEntries(b.schema.map((f, k) => [f.name, columns[k]?.[i] ?? null])));
      }
      r.release();
      return { schema: r.schema, rows };
    });
  } catch (e) {
    if (e instanceof RunError && !OF_THE_ENGINE.has(e.code)) return ['fails'];
    throw e;
  }
}

/** Errors that no data is to blame for: memory, spilling, a worker that died. */
const OF_THE_ENGINE: ReadonlySet<string> = new Set(['FLOW7007', 'FLOW7008', 'FLOW7010']);

/** What the reference makes of it. */
export async function referenceOutcome(
  flow: string,
  tables: Tables,
  options: CompileOptions = {},
): Promise<readonly Outcome[]> {
  const bound = await check(flow, 'pipeline.flow', options);
  if (bound.plan === null) throw new Error(problems(flow, bound.diagnostics));
  try {
    const outputs = bound.plan.outputs;
    return referenceRows(bound.plan, tables).map((rows, i) => ({ schema: outputs[i]?.input.schema ?? [], rows }));
  } catch (e) {
    if (e instanceof RunError) return ['fails'];
    throw e;
  }
}

function problems(
  flow: string,
  diagnostics: readonly { code: string; message: string; span: { start: number; end: number } }[],
): string {
  const each = diagnostics.map((d) => `${d.code} ${d.message} at ${flow.slice(d.span.start, d.span.end)}`);
  return `the flow does not compile:\n${flow}\n${each.join('\n')}`;
}

/** Rows as texts that are the same for rows that count as equal, in an order of their own. */
export function multiset(schema: Schema, rows: readonly Row[]): string[] {
  return rows.map((row) => schema.map((f) => shown(f.type, row[f.name] ?? null)).join(' | ')).sort();
}

function shown(t: DataType, v: LiteralValue): string {
  if (t.kind === 'float' && typeof v === 'number' && Number.isFinite(v))
    return String(Number(v.toPrecision(DIGITS)) + 0);
  return keyText(t, v);
}

/** Why two outcomes differ as multisets of rows; null when they do not. An error of the reference excuses everything: which rows are computed at all is the engine's choice. */
export function difference(engine: Outcome, reference: Outcome): string | null {
  if (reference === 'fails') return null;
  if (engine === 'fails') return 'the engine fails, the reference does not';
  const [a, b] = [multiset(reference.schema, engine.rows), multiset(reference.schema, reference.rows)];
  const counts = new Map<string, number>();
  for (const row of a) counts.set(row, (counts.get(row) ?? 0) + 1);
  for (const row of b) counts.set(row, (counts.get(row) ?? 0) - 1);
  const more = [...counts].filter(([, n]) => n > 0).map(([row]) => `+ ${row}`);
  const less = [...counts].filter(([, n]) => n < 0).map(([row]) => `- ${row}`);
  if (more.length === 0 && less.length === 0) return null;
  const head = `${a.length} rows, the reference has ${b.length} (+ only the engine, - only the reference)`;
  return [
    head,
    `  ${reference.schema.map((f) => f.name).join(' | ')}`,
    ...more.slice(0, 10),
    ...less.slice(0, 10),
  ].join('\n');
}
