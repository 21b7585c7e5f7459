import { type KernelChoice, kernelChoices } from '../../engine/expr/choices.ts';
import type { ComputeParams, FilterParams } from '../../engine/operators/params.ts';
import type { PhysicalPlan, StepRef } from '../../engine/plan.ts';
import { exprText } from './expr_text.ts';

/** How the expressions of each stage are computed: as WebAssembly, or as JavaScript and why. */
export function explainKernels(plan: PhysicalPlan): string {
  const stages = plan.stages.flatMap((stage) => {
    const lines = stage.steps.flatMap(choicesOf).map(line);
    return lines.length === 0 ? [] : [`Stage ${stage.id}: ${stage.label}`, ...lines, ''];
  });
  return stages.length === 0 ? 'No stage computes expressions.' : stages.slice(0, -1).join('\n');
}

function choicesOf(step: StepRef): KernelChoice[] {
  if (step.op === 'filter') return kernelChoices((step.params as FilterParams).predicate, [], step.input);
  if (step.op !== 'compute') return [];
  const { filter, outputs } = step.params as ComputeParams;
  return kernelChoices(filter, outputs, step.input);
}

function line({ name, expr, how, reason }: KernelChoice): string {
  const what = name === null ? `where ${exprText(expr)}` : `${name} = ${exprText(expr)}`;
  return `  ${how.padEnd(4)}  ${what}${reason === null ? '' : `   (${reason})`}`;
}
