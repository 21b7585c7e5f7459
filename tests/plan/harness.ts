// Plans of inline .flow text over the fake sources of the binder's tests, rewritten by chosen rules and shown as text.
import * as assert from 'uvu/assert';
import { logicalText } from '../../compiler/explain/logical_text.ts';
import type { LogicalNode, LogicalPlan } from '../../compiler/logical.ts';
import { optimize } from '../../compiler/optimize/index.ts';
import type { Rule } from '../../compiler/optimize/rule.ts';
import { type PlanOptions, planPhysical } from '../../compiler/physical/planner.ts';
import { topological } from '../../compiler/plan_tree.ts';
import type { PhysicalPlan, Stage } from '../../engine/plan.ts';
import { bound } from '../bind/harness.ts';

export const people = 'from csv("people.csv")';
export const orders = 'from csv("orders.csv")';

export async function planOf(text: string): Promise<LogicalPlan> {
  const result = await bound(text);
  assert.equal(
    result.diagnostics.filter((d) => d.severity === 'error').map((d) => d.message),
    [],
    text,
  );
  assert.ok(result.plan !== null);
  return result.plan as LogicalPlan;
}

/** The plan as an indented tree, the columns of its scans left out. */
export function shown(plan: LogicalPlan): string {
  return logicalText(plan).replace(/ \[[^\]]*\]/g, '');
}

/** What the rules make of a flow, until they have nothing more to do. */
export async function rewritten(text: string, ...rules: readonly Rule[]): Promise<string> {
  return shown(optimize(await planOf(text), rules).plan);
}

/** Asserts that the rules leave the plan as it is. */
export async function unchanged(text: string, ...rules: readonly Rule[]): Promise<void> {
  const plan = await planOf(text);
  const after = optimize(plan, rules);
  assert.is(after.plan, plan, `${text}\n${shown(after.plan)}`);
  assert.equal(after.fired, []);
}

/** Columns of each scan, by path. */
export function scanned(plan: LogicalPlan): Record<string, string[]> {
  const out: Record<string, string[]> = {};
  for (const n of topological(plan)) if (n.op === 'scan') out[n.source.display] = n.schema.map((f) => f.name);
  return out;
}

/** Stages of the optimized plan; sizes are in bytes, by the path of a source, and unknown without. */
export async function stages(
  text: string,
  sizes: Readonly<Record<string, number>> = {},
  options: Partial<PlanOptions> = {},
): Promise<PhysicalPlan> {
  const { plan } = optimize(await planOf(text));
  const estimates = new Map<LogicalNode, number | null>();
  for (const n of topological(plan)) {
    const first = n.inputs[0];
    const below = first === undefined ? null : (estimates.get(first) ?? null);
    estimates.set(n, n.op === 'scan' ? (sizes[n.source.display] ?? null) : below);
  }
  return planPhysical(plan, estimates, options);
}

/** One line a stage: `0 scan people.csv | compute -> hash country`. */
export function outline(plan: PhysicalPlan): string[] {
  return [...plan.stages.map(stageLine), ...plan.results.map((r) => `print ${r.relation}`)];
}

function stageLine(s: Stage): string {
  const { input, output } = s;
  const from =
    input.kind === 'scan'
      ? `scan ${input.source.display}`
      : input.kind === 'items'
        ? `items ${input.count}`
        : `${input.kind} ${input.from.map((f) => f.relation).join(' ')}${input.kind === 'stream' && input.skip > 0 ? ` skip ${input.skip}` : ''}`;
  const first = input.kind === 'merge' ? [`${input.step.op} final`] : [];
  const steps = s.steps.map((x) => {
    const sides = x.sides.length > 0 ? ` with ${x.sides.map((one) => one.relation).join(' ')}` : '';
    return `${x.op}${x.phase === 'partial' ? ' partial' : ''}${sides}`;
  });
  return `${s.id} ${[from, ...first, ...steps].join(' | ')} -> ${outputText(output)}`;
}

function outputText(o: Stage['output']): string {
  if (o.kind === 'collect') return `collect${o.limit === null ? '' : ` ${o.limit}`}`;
  if (o.kind === 'sink') return `write ${o.path}`;
  if (o.by === 'single') return 'single';
  if (o.by === 'hash') return `hash ${o.keys.join(', ')}`;
  const keys = o.keys.map((k) => `${k.expr.kind === 'column' ? k.expr.name : k.expr.kind}${k.desc ? ' desc' : ''}`);
  return `range ${keys.join(', ')}${o.limit === null ? '' : ` top ${o.limit}`}`;
}
