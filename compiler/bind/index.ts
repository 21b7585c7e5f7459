import * as path from 'node:path';
import type { Access } from '../../engine/access.ts';
import type { Schema } from '../../engine/types.ts';
import type { FlowFile, Span, Statement } from '../../grammar/ast.ts';
import { type Diagnostic, hasErrors, sortDiagnostics } from '../../grammar/diagnostics.ts';
import { codes } from '../diagnostics.ts';
import { lint } from '../lint/index.ts';
import type { LogicalNode, LogicalOutput, LogicalPlan } from '../logical.ts';
import type { SourceCatalog } from '../sources.ts';
import { checkFn } from './calls.ts';
import { type Context, createContext, homeOf } from './context.ts';
import { collect } from './declare.ts';
import { createEnv } from './expr.ts';
import type { UdfOptions } from './host.ts';
import { bindImports, hasSyntaxErrors, type Modules, neededStatements } from './modules.ts';
import { bindParams } from './params.ts';
import { checkPipeFn } from './pipe_functions.ts';
import { bindLet, bindRelation, bindStatement } from './pipeline.ts';
import { hoistPromises } from './promises.ts';
import { resolveSources } from './resolve_sources.ts';
import { constantScope } from './scope.ts';
import { checkSql } from './sql.ts';
import { schemaType } from './types.ts';

export interface BindOptions {
  /** Values of parameters, as text: `-p name=value`; lists and structs are JSON. null is null. */
  readonly params: Readonly<Record<string, string | null>>;
  /** Where relative paths of data begin. */
  readonly cwd: string;
  readonly sourceSchemas: SourceCatalog;
  /** Also warn of what is likely not meant, or of no use. */
  readonly lint?: boolean;
  /** Functions of the host language; false: `use` is an error. */
  readonly udf?: UdfOptions | false;
  /** The files that may be read and written; default: all. */
  readonly access?: Access;
}

export interface NamedSchema {
  readonly name: string;
  readonly schema: Schema;
}

export interface BindResult {
  /** Null when there is an error among the diagnostics, or a part of the file that could not be read. The parser's own diagnostics are the caller's to look at. */
  readonly plan: LogicalPlan | null;
  /** Every let by its name, then every output in the order of the file: the path of a sink, or `result`. Empty where the schema is unknown. */
  readonly relations: readonly NamedSchema[];
  /** In the order of the file; all independent mistakes of it. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Resolves every name and type of a file. A mistake of the user's is a diagnostic and never thrown. */
export async function bind(ast: FlowFile, options: BindOptions): Promise<BindResult> {
  const ctx = createContext(ast, options);
  ctx.relation = (relation) => bindRelation(ctx, relation);
  ctx.values = (pipeline) => bindRelation(ctx, pipeline, true);
  const imported = await declareAll(ctx, options.params);
  for (const entry of ctx.declared.schemas.values()) schemaType(ctx, entry);
  const needed = neededStatements(ctx);
  await Promise.all([
    resolveSources(ctx, [ast]),
    ...imported.map((module) => resolveSources(module, [...(needed.get(module) ?? [])])),
  ]);
  const env = createEnv(ctx, constantScope('this'));
  // What a function takes from pipelines is joined where it is called.
  ctx.sides = [];
  for (const fn of ctx.declared.fns.values()) {
    if (!isOwn(ctx, fn)) continue;
    if (fn.body.kind === 'stepsBody') checkPipeFn(ctx, fn);
    else checkFn(env, fn);
  }
  ctx.sides = null;
  const written = ast.statements.flatMap((statement) => {
    const output = statement.kind === 'pipeline' ? bindStatement(ctx, statement) : null;
    return output === null ? [] : [output];
  });
  for (const entry of ctx.declared.lets.values()) bindLet(ctx, entry);
  await checkSql(ctx);
  const outputs = [...written, ...extraOutputs(ctx, written)];
  checkSinks(ctx, outputs);
  const whole = !hasSyntaxErrors(ast);
  // What a mistake keeps from being used is no news; that is said when the rest is right.
  if (whole && !hasErrors(ctx.report.list)) reportUnused(ctx);
  const bound = whole && !hasErrors(ctx.report.list) ? { outputs } : null;
  if (bound !== null && options.lint === true) lint(ctx, bound);
  const hoisted = bound === null ? null : hoistPromises(ctx, bound);
  const plan = hasErrors(ctx.report.list) ? null : hoisted;
  const diagnostics = sortDiagnostics(ctx.report.list);
  return { plan, relations: relationsOf(ctx, outputs), diagnostics };
}

/** The outputs of steps that some other output needs, in file order; those of a `let` that nothing uses do not run. */
function extraOutputs(ctx: Context, outputs: readonly LogicalOutput[]): LogicalOutput[] {
  const reached = new Set<LogicalNode>();
  const reach = (node: LogicalNode): void => {
    if (reached.has(node)) return;
    reached.add(node);
    node.inputs.forEach(reach);
  };
  for (const { input } of outputs) reach(input);
  const taken = new Set<LogicalOutput>();
  for (let more = true; more; ) {
    more = false;
    for (const { owner, output } of ctx.extra) {
      if (taken.has(output) || !reached.has(owner)) continue;
      taken.add(output);
      reach(output.input);
      more = true;
    }
  }
  return ctx.extra.flatMap(({ output }) => (taken.has(output) ? [output] : []));
}

/** Everything that the file declares and imports, parameters with their values; gives the files that are imported. */
async function declareAll(ctx: Context, given: BindOptions['params']): Promise<Context[]> {
  const collected = collect(ctx, ctx.file.statements);
  const prepare = (module: Context): void => {
    module.relation = (relation) => bindRelation(module, relation);
  };
  const modules: Modules = { byPath: new Map(), given, prepare };
  if (ctx.file.span.file !== '') modules.byPath.set(path.resolve(ctx.file.span.file), { ctx, open: true });
  await bindImports(ctx, collected, modules);
  const imported = [...modules.byPath.values()].map((module) => module.ctx).filter((module) => module !== ctx);
  const elsewhere = imported.flatMap((module) => [...module.declared.params.keys()]);
  bindParams(ctx, collected.params, given, { imported: false, elsewhere });
  return imported;
}

function isOwn(ctx: Context, statement: Statement): boolean {
  return homeOf(ctx, statement) === ctx;
}

function checkSinks(ctx: Context, outputs: readonly LogicalOutput[]): void {
  const paths = new Map<string, Span | undefined>();
  for (const output of outputs) {
    if (output.kind !== 'sink') continue;
    if (paths.has(output.path)) {
      const first = paths.get(output.path);
      const span = output.span ?? ctx.file.span;
      const related = first === undefined ? [] : [{ span: first, message: 'first written here' }];
      ctx.report(codes.sinkTwice, { path: output.path }, span, { related });
    } else paths.set(output.path, output.span);
  }
}

function reportUnused(ctx: Context): void {
  for (const [name, entry] of ctx.declared.lets) {
    if (!isOwn(ctx, entry.statement)) continue;
    // One output of a split may be left aside: only its name is given up, the split is needed for the others.
    const names = entry.statement.names.map((one) => one.text);
    if (names.some((one) => ctx.used.lets.has(one))) continue;
    ctx.report(codes.unusedLet, { name }, entry.name.span, {
      suggestion: { text: `use it with \`from ${name}\`, or remove it` },
    });
  }
  for (const [name, { statement }] of ctx.declared.params) {
    if (isOwn(ctx, statement) && !ctx.used.params.has(name))
      ctx.report(codes.unusedParam, { name }, statement.name.span);
  }
}

function relationsOf(ctx: Context, outputs: readonly LogicalOutput[]): NamedSchema[] {
  const own = [...ctx.declared.lets].filter(([, entry]) => isOwn(ctx, entry.statement));
  const lets = own.map(([name, entry]) => ({ name, schema: entry.rows?.schema ?? [] }));
  const ends = outputs
    .filter((output) => output.kind !== 'check')
    .map((output) => ({
      name: output.kind === 'sink' ? output.path : 'result',
      schema: output.input.schema,
    }));
  return [...lets, ...ends];
}
