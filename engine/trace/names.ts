import type { Stage } from '../plan.ts';

const MOST = 100;

/** A stage as the user would name it: the steps of the flow it does work for, as they stand there. */
export function stageName(stage: Stage): string {
  const { input, output } = stage;
  const parts: string[] = [];
  if (input.kind === 'scan') parts.push(`from ${fileName(input.source.display)}`);
  const steps = input.kind === 'merge' ? [input.step, ...stage.steps] : stage.steps;
  for (const s of steps) parts.push(...(s.label ?? s.op).split(' | '));
  if (output.kind === 'sink') parts.push(`write ${output.format}`);
  if (output.kind === 'exchange' && output.by === 'range') parts.push('sort runs');
  const name = parts.filter((p, i) => parts.indexOf(p) === i).join(' | ');
  return shortened(name === '' ? stage.label : name);
}

function fileName(display: string): string {
  return display.slice(display.lastIndexOf('/') + 1);
}

function shortened(name: string): string {
  const letters = Array.from(name);
  return letters.length > MOST ? `${letters.slice(0, MOST - 1).join('')}…` : name;
}
