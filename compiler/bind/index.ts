import type { Schema } from '../../engine/types.ts';
import type { FlowFile, ParamStatement, Span, Statement } from '../../grammar/ast.ts';
import { type Diagnostic, hasErrors, sortDiagnostics } from '../../grammar/diagnostics.ts';
import { walk } from '../../grammar/walk.ts';
import { codes } from '../diagnostics.ts';
import { lint } from '../lint/index.ts';
import type { LogicalNode, LogicalOutput, LogicalPlan } from '../logical.ts';
import type { SourceCatalog } from '../sources.ts';
import { checkFn } from './calls.ts';
import { type Context, createContext } from './context.ts';
import { createEnv } from './expr.ts';
import { bindParams } from './params.ts';
import { bindLet, bindRelation, bindStatement } from './pipeline.ts';
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
  const ctx = createContext(ast, options.cwd, options.sourceSchemas);
  ctx.relation = (relation) => bindRelation(ctx, relation);
  const params = collect(ctx, ast.statements);
  bindParams(ctx, params, options.params);
  for (const entry of ctx.declared.schemas.values()) schemaType(ctx, entry);
  await resolveSources(ctx);
  const env = createEnv(ctx, constantScope('this'));
  for (const fn of ctx.declared.fns.values()) checkFn(env, fn);
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
  const plan = whole && !hasErrors(ctx.report.list) ? { outputs } : null;
  if (plan !== null && options.lint === true) lint(ctx, plan);
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

/** Registers what the file declares, under the first declaration of each name; gives the parameters, duplicates left out. */
function collect(ctx: Context, statements: readonly Statement[]): ParamStatement[] {
  const { lets, schemas, fns, opaque } = ctx.declared;
  const params = new Map<string, ParamStatement>();
  const firsts = new Map<string, Span>();
  const isNew = (what: string, name: { text: string; span: Span }): boolean => {
    const first = firsts.get(`${what} ${name.text}`);
    if (first === undefined) {
      firsts.set(`${what} ${name.text}`, name.span);
      return true;
    }
    ctx.report(codes.declaredTwice, { what, name: name.text }, name.span, {
      related: [{ span: first, message: 'first declared here' }],
    });
    return false;
  };
  for (const statement of statements) {
    if (statement.kind === 'let') {
      for (const name of statement.names)
        if (isNew('let', name)) lets.set(name.text, { name, statement, state: 'new', rows: null });
    } else if (statement.kind === 'param') {
      if (isNew('parameter', statement.name)) params.set(statement.name.text, statement);
    } else if (statement.kind === 'schema') {
      if (isNew('schema', statement.name)) schemas.set(statement.name.text, { statement, state: 'new', type: null });
    } else if (statement.kind === 'fn') {
      if (isNew('function', statement.name)) fns.set(statement.name.text, statement);
    } else if (statement.kind === 'use' || statement.kind === 'import') {
      ctx.report(codes.notExecutable, { what: `\`${statement.kind}\`` }, statement.span);
      for (const item of statement.items) opaque.add((item.alias ?? item.name).text);
    } else if (statement.kind === 'errorStatement') for (const name of statement.names) opaque.add(name.text);
  }
  return [...params.values()];
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
    // One output of a split may be left aside: only its name is given up, the split is needed for the others.
    const names = entry.statement.names.map((one) => one.text);
    if (names.some((one) => ctx.used.lets.has(one))) continue;
    ctx.report(codes.unusedLet, { name }, entry.name.span, {
      suggestion: { text: `use it with \`from ${name}\`, or remove it` },
    });
  }
  for (const [name, { statement }] of ctx.declared.params) {
    if (!ctx.used.params.has(name)) ctx.report(codes.unusedParam, { name }, statement.name.span);
  }
}

function hasSyntaxErrors(ast: FlowFile): boolean {
  let found = false;
  walk(ast, (node) => {
    if (node.kind === 'errorStatement' || node.kind === 'errorStep' || node.kind === 'errorExpr') found = true;
    return !found;
  });
  return found;
}

function relationsOf(ctx: Context, outputs: readonly LogicalOutput[]): NamedSchema[] {
  const lets = [...ctx.declared.lets].map(([name, entry]) => ({ name, schema: entry.rows?.schema ?? [] }));
  const ends = outputs
    .filter((output) => output.kind !== 'check')
    .map((output) => ({
      name: output.kind === 'sink' ? output.path : 'result',
      schema: output.input.schema,
    }));
  return [...lets, ...ends];
}
