import { EngineBug } from '../../engine/errors.ts';
import type {
  ExpectParams,
  ExplodeParams,
  NumberParams,
  RepeatParams,
  SqlParams,
  UnpivotParams,
} from '../../engine/operators/params.ts';
import type {
  CheckRef,
  PhysicalPlan,
  ResultRef,
  SideInput,
  Stage,
  StageInput,
  StageOutput,
  StepRef,
} from '../../engine/plan.ts';
import type { ExpectNode, LimitNode, LogicalNode, LogicalPlan, NumberNode, ScanNode, SqlNode } from '../logical.ts';
import { inputOf, useCounts } from '../plan_tree.ts';
import type { Estimates } from './estimate.ts';
import { planAggregate, planDistinct, planSingle, planSort } from './exchanges.ts';
import { planHost } from './host.ts';
import { filterKeys, planJoin } from './joins.ts';
import type { FilteredRows, PlacedFilter } from './key_filters.ts';
import { planEvaluate, planPredict, planTrain, planTrials, planTrialTable } from './ml.ts';
import { addCompute, addStep, keepColumns, type Pipeline, passThrough } from './pipeline.ts';
import { withoutUnread } from './unread.ts';
import { planPlace, planWindow } from './windows.ts';

export interface PlanOptions {
  /** Build sides up to this many estimated bytes are broadcast; larger ones are partitioned with the probe side. */
  readonly broadcastBytes: number;
  /** Rows kept of a pipeline that ends without a sink; null = all. */
  readonly resultLimit: number | null;
}

export const DEFAULT_PLAN_OPTIONS: PlanOptions = { broadcastBytes: 4 * 2 ** 20, resultLimit: null };

/** Turns logical nodes into stages: map-shaped steps are fused, exchanges cut. */
export class Planner {
  readonly options: PlanOptions;
  readonly estimates: Estimates;
  readonly #stages: Stage[] = [];
  readonly #checks: CheckRef[] = [];
  readonly #uses: Map<LogicalNode, number>;
  readonly #placed = new Map<LogicalNode, readonly PlacedFilter[]>();
  readonly #materialized = new Map<LogicalNode, SideInput>();

  constructor(plan: LogicalPlan, estimates: Estimates, options: PlanOptions) {
    this.options = options;
    this.estimates = estimates;
    this.#uses = useCounts(plan);
  }

  plan(plan: LogicalPlan): PhysicalPlan {
    const results: ResultRef[] = [];
    for (const o of plan.outputs) {
      const p = this.pipeline(o.input);
      if (o.kind === 'sink') {
        this.close(
          p,
          { kind: 'sink', format: o.format, path: o.path, options: o.options, span: o.span },
          `write ${o.format}`,
        );
      } else if (o.kind === 'check') this.close(p, collect(0), 'check');
      else {
        const limit = this.options.resultLimit;
        const relation = materialized(p) ?? this.close(p, { kind: 'collect', limit }, 'print');
        results.push({ relation, schema: p.schema, limit });
      }
    }
    return { stages: this.#stages, results, checks: this.#checks.sort((a, b) => a.id - b.id) };
  }

  /** The open pipeline that yields a node's rows, in exactly the columns of its schema. */
  pipeline(n: LogicalNode): Pipeline {
    if (this.isShared(n)) return this.stream([n], 'read');
    const p = keepColumns(this.#build(n), n.schema, { name: 'select' });
    return (this.#placed.get(n) ?? []).reduce(filterKeys, p);
  }

  isShared(n: LogicalNode): boolean {
    return (this.#uses.get(n) ?? 0) > 1;
  }

  /** Has keys of a relation thin out rows of nodes that are not planned yet. */
  place(rows: readonly FilteredRows[], side: SideInput): void {
    for (const { node, pairs } of rows) this.#placed.set(node, [...(this.#placed.get(node) ?? []), { side, pairs }]);
  }

  /** Whether a filter by keys was placed on the way to a node's rows. */
  isThinned(n: LogicalNode): boolean {
    return this.#placed.has(n) || n.inputs.some((x) => !this.isShared(x) && this.isThinned(x));
  }

  #build(n: LogicalNode): Pipeline {
    switch (n.op) {
      case 'scan':
        return scanOf(n);
      case 'filter': {
        const p = this.pipeline(inputOf(n));
        return addCompute(p, { filter: n.predicate, outputs: passThrough(p.schema) }, p.schema, {
          name: 'where',
          label: n.label,
          span: n.span,
        });
      }
      case 'project': {
        const p = this.pipeline(inputOf(n));
        return addCompute(p, { filter: null, outputs: n.outputs }, n.schema, {
          name: n.label.split(' ')[0] ?? 'select',
          label: n.label,
          span: n.span,
        });
      }
      case 'limit':
        return this.#limit(n);
      case 'union':
        return this.stream(n.inputs, 'union');
      case 'explode':
      case 'unpivot':
      case 'repeat':
        return planMap(this, n);
      case 'call':
      case 'map':
      case 'table':
        return planHost(this, n);
      case 'aggregate':
        return planAggregate(this, n);
      case 'distinct':
        return planDistinct(this, n);
      case 'sort':
        return planSort(this, n);
      case 'place':
      case 'window':
        return n.op === 'place' ? planPlace(this, n) : planWindow(this, n);
      case 'join':
      case 'single':
        return n.op === 'join' ? planJoin(this, n) : planSingle(this, n);
      case 'expect':
        return this.#expect(n);
      case 'number':
        return this.#number(n);
      case 'train':
        return planTrain(this, n);
      case 'sql':
        return this.#sql(n);
      case 'trials':
        return planTrials(this, n);
      case 'trialTable':
        return planTrialTable(this, n);
      case 'predict':
        return planPredict(this, n);
      case 'evaluate':
        return planEvaluate(this, n);
    }
  }

  #limit(n: LimitNode): Pipeline {
    const below = inputOf(n);
    const p = this.pipeline(below);
    const limit = n.take === null ? null : n.skip + n.take;
    const relation =
      limit === null
        ? (materialized(p) ?? this.close(p, collect(null), 'collect'))
        : this.close(p, collect(limit), 'take');
    return streamOf([{ relation, schema: p.schema }], n.skip, n.skip > 0 ? 'skip' : 'take');
  }

  #expect(n: ExpectNode): Pipeline {
    const p = this.pipeline(inputOf(n));
    if (n.checks.length === 0) return p;
    this.#checks.push(...n.checks.map((c) => c.ref));
    const checks = n.checks.map(({ ref, predicate, shown }) => ({ id: ref.id, predicate, shown }));
    const params: ExpectParams = { checks };
    const at = { sides: [], span: n.span, label: n.label };
    return addStep(p, { op: 'expect', phase: 'map', params, input: p.schema, output: p.schema, ...at }, 'expect');
  }

  /** One task, to which the relations are handed over whole. */
  #sql(n: SqlNode): Pipeline {
    const params: SqlParams = { text: n.text, tables: n.tables };
    const sides = n.inputs.map((x) => this.materialize(x));
    const empty: Pipeline = { input: { kind: 'items', count: 1 }, steps: [], schema: [], names: [] };
    const at = { sides, span: n.span, label: n.label };
    return addStep(empty, { op: 'sql', phase: 'map', params, input: [], output: n.schema, ...at }, 'sql');
  }

  /** Where a row stands is known of scans and of kept relations: partitions of an exchange are numbered when they are put together. */
  #number(n: NumberNode): Pipeline {
    const below = this.pipeline(inputOf(n));
    const known = below.input.kind === 'scan' || (below.input.kind === 'stream' && below.steps.length === 0);
    const p = known
      ? below
      : streamOf([{ relation: this.close(below, collect(null), 'collect'), schema: below.schema }], 0, 'read');
    const params: NumberParams = { as: n.as };
    const own = n.schema.filter((f) => f.name === n.as);
    const output = [...p.schema, ...own];
    const at = { sides: [], span: n.span, label: n.label };
    return addStep(p, { op: 'number', phase: 'map', params, input: p.schema, output, ...at }, 'number');
  }

  /** The node's rows as a relation that is kept until all its readers are done; made once however often it is used. */
  materialize(n: LogicalNode): SideInput {
    const known = this.#materialized.get(n);
    if (known !== undefined) return known;
    const p = keepColumns(this.#build(n), n.schema, { name: 'select' });
    const made = { relation: materialized(p) ?? this.close(p, collect(null), 'collect'), schema: p.schema };
    this.#materialized.set(n, made);
    return made;
  }

  stream(nodes: readonly LogicalNode[], name: string): Pipeline {
    return streamOf(
      nodes.map((n) => this.materialize(n)),
      0,
      name,
    );
  }

  /** The rows of a kept relation. */
  kept(side: SideInput): Pipeline {
    return streamOf([side], 0, 'read');
  }

  /** The relation of a pipeline's rows; no copy where they are kept already. */
  keep(p: Pipeline, name: string): number {
    return materialized(p) ?? this.close(p, collect(null), name);
  }

  /** Ends a pipeline: a stage of the plan. Returns its relation. */
  close(pipeline: Pipeline, output: StageOutput, name: string): number {
    const p = withoutUnread(pipeline);
    const id = this.#stages.length;
    this.#stages.push({
      id,
      label: [...p.names, name].join(' | '),
      input: p.input,
      steps: p.steps,
      schema: p.schema,
      output,
    });
    return id;
  }
}

/** A map-shaped operator of the engine that has the node's name. */
function planMap(planner: Planner, n: LogicalNode & { op: 'explode' | 'unpivot' | 'repeat' }): Pipeline {
  const p = planner.pipeline(inputOf(n));
  const step: StepRef = {
    op: n.op,
    phase: 'map',
    params: mapParams(n),
    input: p.schema,
    output: n.schema,
    sides: [],
    span: n.span,
    label: n.label,
  };
  return addStep(p, step, n.op);
}

function mapParams(
  n: LogicalNode & { op: 'explode' | 'unpivot' | 'repeat' },
): ExplodeParams | RepeatParams | UnpivotParams {
  if (n.op === 'repeat') return { count: n.count };
  return n.op === 'explode' ? { lists: n.lists, outer: n.outer } : { columns: n.columns, name: n.name, value: n.value };
}

function scanOf(n: ScanNode): Pipeline {
  const input: StageInput = {
    kind: 'scan',
    format: n.format,
    source: n.source,
    schema: n.schema,
    filter: n.filter,
    limit: n.limit,
  };
  return { input, steps: [], schema: n.schema, names: [`scan ${n.source.display}`] };
}

function collect(limit: number | null): StageOutput {
  return { kind: 'collect', limit };
}

function streamOf(from: readonly SideInput[], skip: number, name: string): Pipeline {
  const [first] = from;
  if (first === undefined) throw new EngineBug('a union of nothing');
  return { input: { kind: 'stream', from, skip }, steps: [], schema: first.schema, names: [name] };
}

/** The relation whose rows a pipeline yields as they are: it need not be copied in order to be kept. */
function materialized(p: Pipeline): number | null {
  if (p.input.kind !== 'stream' || p.input.skip > 0 || p.steps.length > 0 || p.input.from.length > 1) return null;
  return p.input.from[0]?.relation ?? null;
}

export function planPhysical(
  plan: LogicalPlan,
  estimates: Estimates,
  options: Partial<PlanOptions> = {},
): PhysicalPlan {
  return new Planner(plan, estimates, { ...DEFAULT_PLAN_OPTIONS, ...options }).plan(plan);
}
