import { assumed, type KernelChoice, kernelChoices } from '../../engine/expr/choices.ts';
import { foldReason } from '../../engine/operators/fold.ts';
import type { AggregateParams, ComputeParams } from '../../engine/operators/params.ts';
import type { PhysicalPlan, StepRef } from '../../engine/plan.ts';
import { exprText } from './expr_text.ts';

/** How the expressions of each stage are computed: as WebAssembly, or as JavaScript and why. */
export function explainKernels(plan: PhysicalPlan): string {
  const stages = plan.stages.flatMap((stage) => {
    const lines = stage.steps.flatMap((step, i) => [
      ...choicesOf(step).map(line),
      ...aggregation(stage.steps[i - 1], step),
    ]);
    return lines.length === 0 ? [] : [`Stage ${stage.id}: ${stage.label}`, ...lines, ''];
  });
  return stages.length === 0 ? 'No stage computes expressions.' : stages.slice(0, -1).join('\n');
}

function choicesOf(step: StepRef): KernelChoice[] {
  if (step.op !== 'compute') return [];
  const { filter, outputs } = step.params as ComputeParams;
  return kernelChoices(filter, outputs, step.input);
}

function line({ name, expr, how, reason }: KernelChoice): string {
  const what = name === null ? `where ${exprText(expr)}` : `${name} = ${exprText(expr)}`;
  return `  ${how.padEnd(4)}  ${what}${reason === null ? '' : `   (${reason})`}`;
}

/** Whether an aggregation without keys is one loop with the step in front of it, or takes batches that this makes. */
function aggregation(before: StepRef | undefined, step: StepRef): string[] {
  const reason = foldReason(before, step, assumed);
  if (reason === undefined) return [];
  const { aggregates } = step.params as AggregateParams;
  const outputs = before?.op === 'compute' ? (before.params as ComputeParams).outputs : [];
  const argument = (name: string): string => {
    const made = outputs.find((o) => o.name === name);
    return made === undefined ? name : exprText(made.expr);
  };
  const what = `summarize ${aggregates.map((a) => `${a.name} = ${a.fn}(${a.args.map(argument).join(', ')})`).join(', ')}`;
  return [reason === null ? `  wasm  ${what}   (one loop with the above)` : `  step  ${what}   (${reason})`];
}
