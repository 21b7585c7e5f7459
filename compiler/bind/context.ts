import { Access } from '../../engine/access.ts';
import type { Expr, LiteralExpr } from '../../engine/expr.ts';
import type { SourceSpec } from '../../engine/plan.ts';
import type { Schema, Typed } from '../../engine/types.ts';
import type {
  Expr as AstExpr,
  FlowFile,
  FnStatement,
  FormatCall,
  LetStatement,
  Name,
  ParamStatement,
  Pipeline,
  Relation,
  SchemaStatement,
  Span,
  Statement,
} from '../../grammar/ast.ts';
import type { Diagnostic, DiagnosticDef, DiagnosticExtras } from '../../grammar/diagnostics.ts';
import { diagnostic } from '../../grammar/diagnostics.ts';
import type { LogicalNode, LogicalOutput } from '../logical.ts';
import type { SourceCatalog, StoredModel } from '../sources.ts';
import type { HostEntry, UdfOptions } from './host.ts';
import type { BoundSql } from './sql.ts';
import type { Side } from './subqueries.ts';

/** Rows whose schema is not known, because what they come from is wrong: that is reported, and nothing that follows from it. */
export type Rows = LogicalNode | null;

/** What the binding of one file knows and collects. One object per run of the binder; the parts below fill it in order. */
export interface Context {
  readonly file: FlowFile;
  readonly cwd: string;
  readonly catalog: SourceCatalog;
  /** Functions of the host language: how they are called, or false where they may not be used. */
  readonly udf: UdfOptions | false;
  /** The files that it may read and write. */
  readonly access: Access;
  readonly declared: Declarations;
  readonly report: Report;
  /** What an AST expression was bound to, for rules that look at both (lints). */
  readonly bound: WeakMap<AstExpr, Expr>;
  /** Parameters of lambdas that have the name of something else at their place: of a column, or of a parameter of a lambda around (for lints). */
  readonly hidden: WeakMap<Name, 'column' | 'lambda'>;
  /** Sources whose schema has been found before the pipelines are bound; null: reported. */
  readonly sources: Map<FormatCall, ResolvedSource | null>;
  /** What is in the sources that are stored models. */
  readonly models: Map<SourceSpec, StoredModel>;
  /** Names of the lets and parameters that something refers to. */
  readonly used: { readonly lets: Set<string>; readonly params: Set<string> };
  /** Outputs that a step makes besides its rows; they count where something uses the node that owns them. */
  readonly extra: { readonly owner: LogicalNode; readonly output: LogicalOutput }[];
  /** Queries in SQL. */
  readonly sql: BoundSql[];
  /** Functions of the file that are being inlined, outermost first. */
  readonly inlining: { readonly name: string; readonly call: Span; readonly fn: FnStatement }[];
  /** What calls of functions have become so far: nodes, in all. */
  readonly inlined: { nodes: number; reported: boolean };
  /** The file that each statement is at home in: of imported ones another than this. */
  readonly homes: Map<Statement, Context>;
  /** Expressions that stand in another file than the one they are bound for: arguments of a pipe function that is imported. */
  readonly foreign: WeakMap<AstExpr, Context>;
  /** Lets that are being bound, outermost first, to tell a cycle by its path. */
  readonly binding: string[];
  /** How many nodes stand one behind the other up to a node. */
  readonly depths: WeakMap<LogicalNode, number>;
  /** Pipelines that the step which is being bound takes values from; null where only constants stand. */
  sides: Side[] | null;
  /** The last step of a pipeline that stands as a value: what it computes needs no name. */
  unnamed: boolean;
  nextId(): number;
  /** The highest number that a node has so far. */
  lastId(): number;
  /** The rows of what stands behind `from`, `join`, `union`. Set by the pipeline binder: steps and pipelines contain each other. */
  relation: (relation: Relation) => Rows;
  /** The rows of a pipeline that stands as a value. */
  values: (pipeline: Pipeline) => Rows;
}

/** One definition of each name: the first one written. */
export interface Declarations {
  readonly lets: Map<string, LetEntry>;
  readonly params: Map<string, ParamEntry>;
  readonly schemas: Map<string, SchemaEntry>;
  readonly fns: Map<string, FnStatement>;
  readonly host: Map<string, HostEntry>;
  /** Declared by something that could not be parsed, or that is not executable yet: their uses are not reported. */
  readonly opaque: Set<string>;
}

export interface LetEntry {
  readonly name: Name;
  readonly statement: LetStatement;
  state: 'new' | 'active' | 'done';
  rows: Rows;
}

export interface ParamEntry {
  readonly statement: ParamStatement;
  /** Its value, of its declared type; unknown when it has none that fits, which is reported. */
  value: LiteralExpr;
  /** Its type where it has no value, which is reported where it is used. */
  readonly missing: Typed | null;
}

export interface SchemaEntry {
  readonly statement: SchemaStatement;
  state: 'new' | 'active' | 'done';
  type: Typed | null;
}

export interface ResolvedSource {
  readonly format: string;
  readonly source: SourceSpec;
}

/** Adds a diagnostic, unless the same one is there already (a function's body is bound once for each call). */
export interface Report {
  <P>(def: DiagnosticDef<P>, params: NoInfer<P>, span: Span, extras?: DiagnosticExtras): void;
  /** One that another phase made. */
  add(found: Diagnostic): void;
  readonly list: readonly Diagnostic[];
}

export function createReport(inlining: Context['inlining']): Report {
  const list: Diagnostic[] = [];
  const seen = new Set<string>();
  const report = <P>(def: DiagnosticDef<P>, params: NoInfer<P>, span: Span, extras: DiagnosticExtras = {}): void => {
    const key = `${def.code} ${span.file} ${span.start} ${span.end}`;
    // Nodes made by hand have no span, so that only the message tells their diagnostics apart.
    const identity = span.end > 0 ? key : `${key} ${def.message(params)}`;
    if (seen.has(identity)) return;
    seen.add(identity);
    const calls = inlining.map(({ name, call }) => ({ span: call, message: `in this call of ${name}` }));
    list.push(diagnostic(def, params, span, { ...extras, related: [...(extras.related ?? []), ...calls] }));
  };
  const add = (found: Diagnostic): void => void list.push(found);
  return Object.assign(report, { list, add });
}

/** What is given from outside. */
interface World extends Partial<Pick<Context, 'udf' | 'access'>> {
  readonly cwd: string;
  readonly sourceSchemas: SourceCatalog;
}

export function createContext(file: FlowFile, world: World): Context {
  const inlining: Context['inlining'] = [];
  let id = 0;
  return {
    file,
    cwd: world.cwd,
    catalog: world.sourceSchemas,
    udf: world.udf ?? {},
    access: world.access ?? new Access({}),
    inlining,
    inlined: { nodes: 0, reported: false },
    extra: [],
    sql: [],
    binding: [],
    homes: new Map(),
    foreign: new WeakMap(),
    declared: {
      lets: new Map(),
      params: new Map(),
      schemas: new Map(),
      fns: new Map(),
      host: new Map(),
      opaque: new Set(),
    },
    report: createReport(inlining),
    bound: new WeakMap(),
    hidden: new WeakMap(),
    depths: new WeakMap(),
    sources: new Map(),
    models: new Map(),
    used: { lets: new Set(), params: new Set() },
    sides: null,
    unnamed: false,
    nextId: () => ++id,
    lastId: () => id,
    relation: () => null,
    values: () => null,
  };
}

/** What the binding of another file knows, that the first one imports: names of its own, everything else in common. */
export function childContext(parent: Context, file: FlowFile): Context {
  return {
    ...parent,
    file,
    declared: newDeclarations(),
    used: { lets: new Set(), params: new Set() },
    relation: () => null,
  };
}

function newDeclarations(): Declarations {
  return {
    lets: new Map(),
    params: new Map(),
    schemas: new Map(),
    fns: new Map(),
    host: new Map(),
    opaque: new Set(),
  };
}

/** The schema, or nothing when it is unknown. */
export function schemaOf(rows: Rows): Schema {
  return rows?.schema ?? [];
}

/** Where a statement is at home: its names mean what that file says. */
export function homeOf(ctx: Context, statement: Statement): Context {
  return ctx.homes.get(statement) ?? ctx;
}
