import { ALL_VALID, type Validity } from '../batch/bitmap.ts';
import type { Batch, Column } from '../batch/column.ts';
import { EngineBug, RunError } from '../errors.ts';
import { columnsOf, type Expr, type LiteralValue, walkExpr } from '../expr.ts';
import { heapScratch } from '../memory/heap_scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { Schema } from '../types.ts';
import { dictionaryTexts, formOf, isIntLike, partOf } from './forms.ts';
import { type Input, LEAVE, type Mode, type Slot } from './gen.ts';
import { generate, type KernelCode, type KernelKind, type Trace } from './kernel_code.ts';
import type { Rows } from './native/call.ts';
import { NativeKernel } from './native/kernel.ts';
import type { Services } from './native/variants.ts';
import { allocate, asArgument, finish, type OutBuffer, type OutForm, outFormOf } from './outputs.ts';

export type { Rows };

/** Variants with exact null patterns; beyond these, every column is taken as nullable. */
const MANY_VARIANTS = 16;
/** Batches computed wide after one that left the exact range, before numbers are tried again. */
const STAY_WIDE = 16;
/** A dictionary is worth evaluating once an entry up to this many entries a row. */
const ENTRIES_PER_ROW = 1;

interface Attempt {
  readonly mode: Mode;
  readonly lift: boolean;
  readonly trace: boolean;
}

/** What running generated code gives: the buffers it filled, or the count of a filter. */
interface Outcome {
  readonly code: KernelCode;
  readonly result: number;
  readonly forms: readonly OutForm[];
  readonly buffers: readonly OutBuffer[];
  readonly valid: readonly Validity[];
}

/** Expressions over one input schema, with the code generated for each physical form their columns come in. */
export class Kernel {
  private readonly kind: KernelKind;
  private readonly exprs: readonly Expr[];
  private readonly names: readonly string[];
  private readonly indexes: readonly number[];
  private readonly schema: Schema;
  private readonly variants = new Map<string, KernelCode>();
  private readonly tables = new Map<Expr, Kernel>();
  /** Outputs of which a value has needed 64 bits. */
  private readonly large: boolean[];
  private readonly bigLiteral: boolean;
  private readonly native: NativeKernel | null;
  private wideBatches = 0;

  constructor(kind: KernelKind, exprs: readonly Expr[], schema: Schema, native = kind !== 'values') {
    this.kind = kind;
    this.exprs = exprs;
    this.schema = schema;
    const used = new Set<string>();
    for (const e of exprs) columnsOf(e, used);
    this.names = [...used];
    this.indexes = this.names.map((name) => schema.findIndex((f) => f.name === name));
    if (this.indexes.includes(-1))
      throw new EngineBug(
        `no column ${this.names[this.indexes.indexOf(-1)]} in ${schema.map((f) => f.name).join(', ')}`,
      );
    this.large = exprs.map(() => false);
    this.bigLiteral = exprs.some(hasBigLiteral);
    this.native = native && kind !== 'values' ? this.makeNative(kind) : null;
  }

  private makeNative(kind: 'filter' | 'project'): NativeKernel {
    const { exprs, names, schema } = this;
    return new NativeKernel(kind, exprs, names, schema, {
      ...servicesFor((e) => this.tableKernel(e)),
      rest: (others) => {
        const kernel = new Kernel('project', others, schema, false);
        return (columns, rows, scratch) => kernel.projectColumns(kernel.among(names, columns), rows, scratch);
      },
    });
  }

  /** Why each expression is left to JavaScript over columns of these forms; null where it is not. */
  reasons(slotOf: (field: Schema[number]) => Slot): readonly (string | null)[] {
    const slots = this.indexes.map((at) => slotOf(this.schema[at] as Schema[number]));
    return this.native === null ? this.exprs.map(() => '') : this.native.reasons(slots);
  }

  reads(column: string): boolean {
    return this.names.includes(column);
  }

  /** Of the columns with these names, those that the expressions read. */
  private among(names: readonly string[], columns: readonly Column[]): Column[] {
    return this.names.map((name) => columns[names.indexOf(name)] as Column);
  }

  /** Numbers of the rows (of `among`, when given) where the (only) expression is true, in order, in scratch. */
  select(batch: Batch, scratch: Scratch, among: Rows | null = null): Uint32Array {
    const columns = this.columns(batch);
    if (among !== null && among.select !== null) {
      const out = scratch.u32(among.count);
      return out.subarray(0, this.run(columns, among, scratch, [out]).result);
    }
    const made = this.native?.select(columns, batch.rows, scratch) ?? null;
    if (made?.final === true) return made.rows;
    const some = made !== null && made.rows.length < batch.rows;
    const rows = some ? { count: made.rows.length, select: made.rows } : { count: batch.rows, select: null };
    const out = scratch.u32(rows.count);
    const { result } = this.run(columns, rows, scratch, [out]);
    return out.subarray(0, result);
  }

  /** One column an expression, in scratch. */
  project(batch: Batch, rows: Rows, scratch: Scratch): Column[] {
    const columns = this.columns(batch);
    return this.native?.project(columns, rows, scratch) ?? this.projectColumns(columns, rows, scratch);
  }

  private projectColumns(columns: readonly Column[], rows: Rows, scratch: Scratch): Column[] {
    const done = this.run(columns, rows, scratch, null);
    return this.exprs.map((e, j) =>
      finish(
        e.type,
        done.forms[j] as OutForm,
        done.buffers[j] as OutBuffer,
        rows.count,
        done.valid[j] as Validity,
        scratch,
      ),
    );
  }

  /** Results as values. `entries`: values of the only column; without it, no column may be read. */
  values(entries: readonly LiteralValue[] | null): LiteralValue[][] {
    const columns = entries === null ? [] : [entries];
    const done = this.run(columns, { count: entries?.length ?? 1, select: null }, heapScratch(), null);
    return done.buffers.map((b) => b as LiteralValue[]);
  }

  private columns(batch: Batch): Column[] {
    return this.indexes.map((at) => {
      const col = batch.columns[at];
      if (col === undefined) throw new EngineBug('a batch lacks a column of its schema');
      return col;
    });
  }

  private run(
    columns: readonly Source[],
    rows: Rows,
    scratch: Scratch,
    filterOut: readonly Uint32Array[] | null,
  ): Outcome {
    let mode: Mode = this.wideBatches > 0 || this.bigLiteral || columns.some(needsWide) ? 'wide' : 'num';
    if (this.wideBatches > 0) this.wideBatches--;
    let lift = true;
    for (;;) {
      const attempt: Attempt = { mode, lift, trace: false };
      const code = this.variant(columns, rows, attempt);
      const args = this.args(code, columns, attempt, scratch);
      if (args === 'leave') {
        mode = 'wide';
        continue;
      }
      if (args === 'unlift') {
        lift = false;
        continue;
      }
      const outcome = this.execute(code, args, columns, rows, attempt, scratch, filterOut);
      if (outcome.result === LEAVE) {
        if (mode === 'wide') throw new EngineBug('wide code left its range');
        mode = 'wide';
        this.wideBatches = STAY_WIDE;
      } else if (this.kind !== 'filter' && outcome.result > 0) this.large[outcome.result - 1] = true;
      else return outcome;
    }
  }

  private forms(mode: Mode): OutForm[] {
    if (this.kind === 'values') return this.exprs.map(() => 'values');
    return this.exprs.map((e, j) => outFormOf(e.type, mode, this.large[j] === true));
  }

  private execute(
    code: KernelCode,
    args: readonly unknown[],
    columns: readonly Source[],
    rows: Rows,
    attempt: Attempt,
    scratch: Scratch,
    filterOut: readonly Uint32Array[] | null,
  ): Outcome {
    const forms = filterOut === null ? this.forms(attempt.mode) : [];
    const buffers = forms.map((form) => allocate(form, rows.count, scratch));
    const bits = forms.map((_, j) =>
      code.nullable[j] === true && this.kind === 'project' ? scratch.bitmap(rows.count, true) : null,
    );
    const outs =
      filterOut ?? forms.flatMap((form, j) => [asArgument(buffers[j] as OutBuffer, form, attempt.mode), bits[j]]);
    const nulls = new Int32Array(Math.max(1, forms.length));
    const trace: Trace = { node: -1, row: -1 };
    let result: number;
    try {
      result = code.fn(rows.count, rows.select, args, outs, nulls, trace);
    } catch (e) {
      throw e instanceof RunError ? this.located(e, columns, rows, attempt, scratch, filterOut, code, trace) : e;
    }
    const valid = forms.map((_, j): Validity => {
      const nullCount = nulls[j] as number;
      return nullCount === 0 ? ALL_VALID : { validity: bits[j] ?? null, nullCount };
    });
    return { code, result, forms, buffers, valid };
  }

  /** The error with its expression and row: found by running once more, noting each step. */
  private located(
    error: RunError,
    columns: readonly Source[],
    rows: Rows,
    attempt: Attempt,
    scratch: Scratch,
    filterOut: readonly Uint32Array[] | null,
    code: KernelCode,
    trace: Trace,
  ): RunError {
    if (attempt.trace) {
      const node = code.nodes[trace.node];
      return error.at({ span: node?.span, batchRow: trace.row, column: node && castColumn(node) });
    }
    for (const mode of attempt.mode === 'num' ? (['num', 'wide'] as const) : (['wide'] as const)) {
      const again: Attempt = { mode, lift: false, trace: true };
      const traced = this.variant(columns, rows, again);
      const args = this.args(traced, columns, again, scratch);
      if (typeof args === 'string') continue;
      try {
        this.execute(traced, args, columns, rows, again, scratch, filterOut);
      } catch (e) {
        if (e instanceof RunError) return e;
        throw e;
      }
    }
    return error;
  }

  private variant(columns: readonly Source[], rows: Rows, attempt: Attempt): KernelCode {
    const nullable = this.variants.size >= MANY_VARIANTS;
    const slots = columns.map((col, k) => this.slot(col, k, rows, attempt, nullable));
    const dense = rows.select === null;
    const forms = this.forms(attempt.mode);
    const shape = slots.map((s) => `${s.form}${s.nullable ? 'n' : ''}${s.lift ? 'l' : ''}`).join(',');
    const key = `${attempt.mode}${attempt.trace ? 't' : ''}${dense ? 'd' : ''}|${shape}|${forms.join(',')}`;
    let code = this.variants.get(key);
    if (code === undefined) {
      code = generate({
        kind: this.kind,
        exprs: this.exprs,
        slots,
        mode: attempt.mode,
        dense,
        forms,
        trace: attempt.trace,
      });
      this.variants.set(key, code);
    }
    return code;
  }

  private slot(col: Source, k: number, rows: Rows, attempt: Attempt, nullable: boolean): Slot {
    const name = this.names[k] as string;
    const type = (this.schema[this.indexes[k] as number] as Schema[number]).type;
    if (isEntries(col)) return { name, type, form: 'entries', nullable: true, lift: false };
    const form = formOf(col);
    const lift =
      attempt.lift && !attempt.trace && col.phys === 'dict' && worthLifting(col.dictionary.length, rows.count);
    return { name, type, form, nullable: nullable || col.validity !== null, lift };
  }

  private args(
    code: KernelCode,
    columns: readonly Source[],
    attempt: Attempt,
    scratch: Scratch,
  ): unknown[] | 'leave' | 'unlift' {
    const tables = new Map<Expr, Table>();
    const args: unknown[] = [];
    for (const input of code.inputs) {
      const col = columns[input.slot] as Source;
      if (input.lifted === null) {
        args.push(isEntries(col) ? col : (partOf(col, input.part) ?? scratch.bitmap(col.length, true)));
        continue;
      }
      let table = tables.get(input.lifted);
      if (table === undefined) {
        const made = this.table(input, col as Column, attempt.mode);
        if (typeof made === 'string') return made;
        table = made;
        tables.set(input.lifted, table);
      }
      args.push(input.part === 'table' ? table.values : table.nulls);
    }
    return args;
  }

  /** Evaluates an expression over the entries of a dictionary, and null. */
  private table(input: Input, col: Column, mode: Mode): Table | 'leave' | 'unlift' {
    const e = input.lifted as Expr;
    const kernel = this.tableKernel(e);
    if (col.phys !== 'dict') throw new EngineBug('an expression is looked up in a column without a dictionary');
    return tableOf(kernel, e, col, mode);
  }

  private tableKernel(e: Expr): Kernel {
    let kernel = this.tables.get(e);
    if (kernel === undefined) {
      kernel = new Kernel('values', [e], this.schema);
      this.tables.set(e, kernel);
    }
    return kernel;
  }
}

function servicesFor(tableKernel: (e: Expr) => Kernel): Services {
  return {
    constant: (e) => (new Kernel('values', [e], []).values(null)[0] as LiteralValue[])[0] ?? null,
    table: (e, col) => {
      const table = tableOf(tableKernel(e), e, col, 'num');
      return typeof table === 'string' ? null : table;
    },
    worthLifting,
  };
}

/** What native code over columns of a schema needs of JavaScript. */
export function nativeServices(schema: Schema): Services {
  const kernels = new Map<Expr, Kernel>();
  return servicesFor((e) => {
    const kernel = kernels.get(e) ?? new Kernel('values', [e], schema);
    kernels.set(e, kernel);
    return kernel;
  });
}

/** A column, or the values of one. */
type Source = Column | readonly LiteralValue[];

function isEntries(col: Source): col is readonly LiteralValue[] {
  return Array.isArray(col);
}

export function worthLifting(entries: number, rows: number): boolean {
  return entries <= rows * ENTRIES_PER_ROW;
}

/** Results of an expression by dictionary code; the last one is its result for null. */
export interface Table {
  readonly values: ArrayLike<unknown>;
  /** 1 where the result is null. */
  readonly nulls: Uint8Array;
}

/** 'unlift': an entry fails, which matters only if a row holds it. 'leave': a result is beyond the exact range. */
export function tableOf(
  kernel: Kernel,
  e: Expr,
  col: Column & { phys: 'dict' },
  mode: Mode,
): Table | 'leave' | 'unlift' {
  let results: readonly LiteralValue[];
  try {
    results = kernel.values([...dictionaryTexts(col.dictionary), null])[0] as LiteralValue[];
  } catch (error) {
    if (error instanceof RunError) return 'unlift';
    throw error;
  }
  const nulls = Uint8Array.from(results, (v) => (v === null ? 1 : 0));
  if (e.type.kind === 'bool') return { values: Uint8Array.from(results, (v) => (v === true ? 1 : 0)), nulls };
  if (!isIntLike(e.type)) return { values: results.map((v) => v ?? standIn(e)), nulls };
  if (mode === 'wide') return { values: results.map((v) => BigInt((v ?? 0) as number | bigint)), nulls };
  if (results.some((v) => typeof v === 'bigint')) return 'leave';
  return { values: results.map((v) => v ?? 0), nulls };
}

/** A value to stand under a null result. */
function standIn(e: Expr): LiteralValue {
  if (e.type.kind === 'float' || e.type.kind === 'date') return 0;
  return e.type.kind === 'string' || e.type.kind === 'json' ? '' : null;
}

function needsWide(col: Source): boolean {
  if (isEntries(col)) return false;
  return col.phys === 'i128' || (col.phys === 'i64' && col.wide);
}

function hasBigLiteral(e: Expr): boolean {
  let found = false;
  walkExpr(e, (x) => {
    if (x.kind === 'literal' && typeof x.value === 'bigint') found = true;
  });
  return found;
}

/** The column whose value a cast could not convert; fields of structs have no name of their own. */
function castColumn(e: Expr): string | undefined {
  return e.kind === 'cast' && e.arg.kind === 'column' && !e.arg.name.startsWith('\0') ? e.arg.name : undefined;
}
