/** The diagnostics of the compiler: one registry for each range of codes, and all of them in one table. */
import type { DiagnosticRegistry } from '../grammar/diagnostics.ts';
import { lintCodes } from './codes/lints.ts';
import { moduleCodes } from './codes/modules.ts';
import { nameCodes } from './codes/names.ts';
import { planCodes } from './codes/plan.ts';
import { sourceCodes } from './codes/sources.ts';
import { stepCodes } from './codes/steps.ts';
import { typeCodes } from './codes/types.ts';
import { windowCodes } from './codes/windows.ts';

export const codes = {
  ...nameCodes,
  ...typeCodes,
  ...windowCodes,
  ...planCodes,
  ...sourceCodes,
  ...stepCodes,
  ...lintCodes,
  ...moduleCodes,
};

export const compilerRegistries: readonly DiagnosticRegistry[] = [
  nameCodes,
  typeCodes,
  windowCodes,
  planCodes,
  sourceCodes,
  stepCodes,
  lintCodes,
  moduleCodes,
];
