import { conjuncts, type Expr, type NamedExpr } from '../../engine/expr.ts';
import type { ComputeParams } from '../../engine/operators/params.ts';
import type { StageInput, StepRef } from '../../engine/plan.ts';
import type { Schema } from '../../engine/types.ts';
import { conjunction, definitions, substitute, substitutesFreely } from '../optimize/exprs.ts';

/** A stage that is still open at its end: an input and the map-shaped steps fused so far. */
export interface Pipeline {
  readonly input: StageInput;
  readonly steps: readonly StepRef[];
  readonly schema: Schema;
  /** Short names of what it does, for labels. */
  readonly names: readonly string[];
}

export function columnRef(schema: Schema, name: string): Expr {
  const f = schema.find((x) => x.name === name);
  if (f === undefined) throw new Error(`no column ${name} in ${schema.map((x) => x.name).join(', ')}`);
  return { kind: 'column', name, type: f.type, nullable: f.nullable };
}

export function passThrough(schema: Schema): NamedExpr[] {
  return schema.map((f) => ({ name: f.name, expr: columnRef(schema, f.name) }));
}

interface StepInfo {
  readonly name: string;
  readonly label?: string;
  readonly span?: StepRef['span'];
}

export function addStep(p: Pipeline, step: StepRef, name: string): Pipeline {
  return { ...p, steps: [...p.steps, step], schema: step.output, names: [...p.names, name] };
}

/**
 * Appends a filter and a projection, fusing them with a preceding compute step where that computes nothing twice: one pass over a batch while it is in cache.
 */
export function addCompute(p: Pipeline, params: ComputeParams, output: Schema, info: StepInfo): Pipeline {
  const last = p.steps.at(-1);
  if (last !== undefined && last.op === 'compute' && last.phase === 'map') {
    const fused = fuse(last.params as ComputeParams, params);
    if (fused !== null) {
      const step: StepRef = {
        ...last,
        params: fused,
        output,
        label: joinLabels(last.label, info.label),
        span: last.span ?? info.span,
      };
      return { ...p, steps: [...p.steps.slice(0, -1), step], schema: output, names: [...p.names, info.name] };
    }
  }
  const step: StepRef = {
    op: 'compute',
    phase: 'map',
    params,
    input: p.schema,
    output,
    sides: [],
    span: info.span,
    label: info.label,
  };
  return addStep(p, step, info.name);
}

function joinLabels(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined ? b : b === undefined || a === b ? a : `${a} | ${b}`;
}

/** `second` after `first` as one compute, or null when that would compute an expression twice. */
function fuse(first: ComputeParams, second: ComputeParams): ComputeParams | null {
  const defs = definitions(first.outputs);
  const uses = [...(second.filter === null ? [] : [second.filter]), ...second.outputs.map((o) => o.expr)];
  if (!substitutesFreely(uses, defs)) return null;
  // Terms are tested in order, so what the second filter computes is computed for the first one's survivors only.
  const filters = [first.filter, second.filter === null ? null : substitute(second.filter, defs)].filter(
    (f) => f !== null,
  );
  return {
    filter: conjunction(filters.flatMap(conjuncts)),
    outputs: second.outputs.map((o) => ({ name: o.name, expr: substitute(o.expr, defs) })),
  };
}

/** A name that no column of `taken` has. */
export function freshName(taken: Iterable<string>, stem: string): string {
  const used = new Set(taken);
  for (let i = 0; ; i++) {
    const name = `${stem}${i}`;
    if (!used.has(name)) return name;
  }
}

/**
 * Makes every expression a column of the pipeline: plain columns are used as they are, others are computed under fresh names. Returns the names, in order.
 */
export function columnsFor(
  p: Pipeline,
  exprs: readonly Expr[],
  stem: string,
  info: StepInfo,
): { readonly pipeline: Pipeline; readonly names: string[] } {
  const outputs = passThrough(p.schema);
  const names: string[] = [];
  const computed = new Map<string, string>();
  for (const e of exprs) {
    if (e.kind === 'column') {
      names.push(e.name);
      continue;
    }
    const key = exprKey(e);
    let name = computed.get(key);
    if (name === undefined) {
      name = freshName(
        outputs.map((o) => o.name),
        stem,
      );
      computed.set(key, name);
      outputs.push({ name, expr: e });
    }
    names.push(name);
  }
  if (computed.size === 0) return { pipeline: p, names };
  return { pipeline: addCompute(p, { filter: null, outputs }, schemaOf(outputs), info), names };
}

/** Structural identity of an expression, spans aside. */
export function exprKey(e: Expr): string {
  return JSON.stringify(e, (k, v: unknown) => (k === 'span' ? undefined : typeof v === 'bigint' ? `${v}n` : v));
}

export function schemaOf(outputs: readonly NamedExpr[]): Schema {
  return outputs.map((o) => ({ name: o.name, type: o.expr.type, nullable: o.expr.nullable }));
}

/** Narrows to the given columns, in order. */
export function keepColumns(p: Pipeline, schema: Schema, info: StepInfo): Pipeline {
  if (p.schema.length === schema.length && p.schema.every((f, i) => f.name === schema[i]?.name)) return p;
  const outputs = schema.map((f) => ({ name: f.name, expr: columnRef(p.schema, f.name) }));
  return addCompute(p, { filter: null, outputs }, schema, info);
}
