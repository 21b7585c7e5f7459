import { Access, type AccessRules } from '../engine/access.ts';
import type { PhysicalPlan } from '../engine/plan.ts';
import type { Schema } from '../engine/types.ts';
import type { FlowFile } from '../grammar/ast.ts';
import { type Diagnostic, hasErrors, sortDiagnostics } from '../grammar/diagnostics.ts';
import type { UdfOptions } from './bind/host.ts';
import { bind } from './bind/index.ts';
import type { LogicalPlan } from './logical.ts';
import { optimize } from './optimize/index.ts';
import type { Rule } from './optimize/rule.ts';
import { estimate } from './physical/estimate.ts';
import { type PlanOptions, planPhysical } from './physical/planner.ts';
import { fileCatalog, type SourceCatalog } from './sources.ts';

export interface CompileOptions extends Partial<PlanOptions>, AccessRules {
  /** `-p name=value`, as text; lists and structs are JSON. null is null. */
  readonly params?: Readonly<Record<string, string | null>>;
  /** Data paths are relative to it; default: the working folder. */
  readonly cwd?: string;
  /** What is asked about sources; default: the registered formats and the file system. */
  readonly sources?: SourceCatalog;
  /** Also warn of what is likely not meant, or of no use. */
  readonly lint?: boolean;
  /** Functions of the host language (`use`): a limit to their calls, or false to forbid them. */
  readonly udf?: UdfOptions | false;
  /** Rules of the engine that is to run it, which hold beside those of these options. */
  readonly access?: Access;
  /** Rewrites of the logical plan to try, in order; default: all. */
  readonly rules?: readonly Rule[];
}

export interface Bound {
  /** null when there are errors. */
  readonly plan: LogicalPlan | null;
  /** Schemas of the named relations and outputs, in the order of the file. */
  readonly relations: readonly { readonly name: string; readonly schema: Schema }[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface Compiled {
  readonly logical: LogicalPlan;
  readonly optimized: LogicalPlan;
  /** Names of the rules that changed the plan. */
  readonly fired: readonly string[];
  readonly physical: PhysicalPlan;
}

/** Parses and binds: names, types, schemas. A user's mistake is a diagnostic, never an exception; an unreadable source is a RunError. */
export async function check(text: string, file: string, options: CompileOptions = {}): Promise<Bound> {
  // The parser is the heaviest import of all: a flow built in TypeScript does not need it.
  const { parse } = await import('../grammar/index.ts');
  const parsed = parse(text, file);
  const bound = await bindAst(parsed.ast, options);
  const plan = hasErrors(parsed.diagnostics) ? null : bound.plan;
  const news = bound.diagnostics.filter((item) => !isConsequence(item, parsed.diagnostics));
  return { ...bound, plan, diagnostics: sortDiagnostics([...parsed.diagnostics, ...news]) };
}

/** What the binder says of an expression that the parser could only read by mending it says nothing new. */
function isConsequence(item: Diagnostic, syntax: readonly Diagnostic[]): boolean {
  const { code, span } = item;
  if (!code.startsWith('FLOW3')) return false;
  return syntax.some((one) => span.start <= one.span.start && one.span.end <= span.end);
}

export async function bindAst(ast: FlowFile, options: CompileOptions = {}): Promise<Bound> {
  const bound = await bind(ast, {
    params: options.params ?? {},
    cwd: options.cwd ?? process.cwd(),
    sourceSchemas: options.sources ?? fileCatalog(),
    lint: options.lint ?? false,
    udf: options.udf ?? {},
    access: new Access(options, ...(options.access === undefined ? [] : [options.access])),
  });
  return { ...bound, plan: hasErrors(bound.diagnostics) ? null : bound.plan };
}

/** From the bound plan to stages: rules, sizes of the sources, physical planning. */
export async function plan(logical: LogicalPlan, options: CompileOptions = {}): Promise<Compiled> {
  const { plan: optimized, fired } = optimize(logical, options.rules);
  return { logical, optimized, fired, physical: planPhysical(optimized, await estimate(optimized), options) };
}
