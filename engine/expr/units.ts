import { ALL_VALID, validityOf } from '../batch/bitmap.ts';
import { columnFromValues, constantColumn, nullColumn } from '../batch/build.ts';
import type { Batch, Column, DictColumn, Utf8Column } from '../batch/column.ts';
import { gatherColumn } from '../batch/gather.ts';
import { interleave } from '../batch/interleave.ts';
import { EngineBug } from '../errors.ts';
import type { Expr, LiteralValue } from '../expr.ts';
import type { Scratch } from '../memory/types.ts';
import { type DataType, type Schema, T } from '../types.ts';
import { argAs, overloadOf } from './gen_call.ts';
import { Kernel, type Rows, tableOf, worthLifting } from './kernel.ts';
import { fewColumns, measure } from './nodes.ts';
import { textMapOf } from './text_maps.ts';

/** Computes some of the output columns of a projection. */
export interface Unit {
  /** Positions among the outputs. */
  readonly outputs: readonly number[];
  run(batch: Batch, rows: Rows, scratch: Scratch): Column[];
}

/** Nodes compiled into one loop: beyond this a loop is cut, since huge functions are not optimised. */
const LOOP_NODES = 300;

/** The ways the outputs are computed: passed through, constant, by dictionary, or in fused loops. */
export function unitsOf(exprs: readonly Expr[], schema: Schema): Unit[] {
  const units: Unit[] = [];
  const fused: { at: number; nodes: number }[] = [];
  exprs.forEach((e, at) => {
    const unit =
      e.kind === 'column'
        ? columnUnit(e.name, at, schema)
        : isConstant(e)
          ? constantUnit(e, at)
          : (nestedUnit(e, at, schema) ?? textUnit(e, at, schema));
    if (unit === null) fused.push({ at, nodes: measure(e) });
    else units.push(unit);
  });
  for (let from = 0; from < fused.length; ) {
    let to = from;
    let nodes = 0;
    while (to < fused.length && (to === from || nodes + (fused[to] as { nodes: number }).nodes <= LOOP_NODES)) {
      nodes += (fused[to] as { nodes: number }).nodes;
      to++;
    }
    units.push(
      fusedUnit(
        fused.slice(from, to).map((f) => f.at),
        exprs,
        schema,
      ),
    );
    from = to;
  }
  return units;
}

/** A list or struct of computed values: its parts are columns, put together without a value ever leaving them. */
function nestedUnit(e: Expr, at: number, schema: Schema): Unit | null {
  if (e.kind !== 'call' || (e.fn !== 'list_value' && e.fn !== 'struct_pack')) return null;
  const { params } = overloadOf(e).overload;
  const wanted = e.args.map((arg, k) => argAs(arg, params[k] as DataType));
  const parts = unitsOf(e.fn === 'struct_pack' ? wanted.filter((_, k) => k % 2 === 1) : wanted, schema);
  const type = e.type;
  return {
    outputs: [at],
    run: (batch, rows, scratch) => {
      const columns: Column[] = [];
      for (const unit of parts)
        unit.run(batch, rows, scratch).forEach((col, k) => {
          columns[unit.outputs[k] as number] = col;
        });
      const length = rows.count;
      if (type.kind === 'struct') return [{ type, phys: 'struct', length, ...ALL_VALID, children: columns }];
      if (type.kind !== 'list') throw new EngineBug('a list that is none');
      const offsets = scratch.i32(length + 1);
      for (let i = 0; i <= length; i++) offsets[i] = i * columns.length;
      const child = interleave(columns, length, type.item.type, scratch);
      return [{ type, phys: 'list', length, ...ALL_VALID, offsets, child }];
    },
  };
}

function isConstant(e: Expr): boolean {
  return fewColumns(e).size === 0;
}

function columnUnit(name: string, at: number, schema: Schema): Unit {
  const index = schema.findIndex((f) => f.name === name);
  if (index < 0) throw new EngineBug(`no column ${name} in ${schema.map((f) => f.name).join(', ')}`);
  return {
    outputs: [at],
    run: (batch, rows, scratch) => {
      const col = batch.columns[index] as Column;
      return [rows.select === null ? col : gatherColumn(col, rows.select, rows.count, scratch)];
    },
  };
}

/** Evaluated when the first row needs it, so that a constant that fails only fails where it is used. */
function constantUnit(e: Expr, at: number): Unit {
  let known: { value: LiteralValue } | null = null;
  return {
    outputs: [at],
    run: (_batch, rows, scratch) => {
      if (rows.count === 0) return [nullColumn(e.type, 0, scratch)];
      known ??= { value: evaluate(e) };
      return [constantColumn(e.type, known.value, rows.count, scratch)];
    },
  };
}

/** The value of an expression without columns. */
export function evaluate(e: Expr): LiteralValue {
  measure(e);
  if (e.kind === 'literal') return e.value;
  const results = new Kernel('values', [e], []).values(null);
  return (results[0] as LiteralValue[])[0] ?? null;
}

function fusedUnit(outputs: readonly number[], exprs: readonly Expr[], schema: Schema): Unit {
  const kernel = new Kernel(
    'project',
    outputs.map((at) => exprs[at] as Expr),
    schema,
  );
  return { outputs, run: (batch, rows, scratch) => kernel.project(batch, rows, scratch) };
}

/** String results that come as a dictionary: chosen among constants, or made from the entries of one dictionary column. */
function textUnit(e: Expr, at: number, schema: Schema): Unit | null {
  if (e.type.kind !== 'string') return null;
  const leaves = new Map<string, number>();
  const coded = codeLeaves(e, leaves);
  if (coded !== null && leaves.size > 0) return choiceUnit(coded, [...leaves.keys()], e.type, at, schema);
  const columns = [...fewColumns(e)];
  return columns.length === 1 ? dictUnit(e, columns[0] as string, at, schema) : null;
}

/** The expression as the numbers of the string constants that it chooses among; null when it does something else. */
export function codedChoice(e: Expr): Expr | null {
  const leaves = new Map<string, number>();
  const coded = e.type.kind === 'string' ? codeLeaves(e, leaves) : null;
  return leaves.size > 0 ? coded : null;
}

/** The expression with its string constants replaced by their numbers, where it only ever gives one of them; null otherwise. */
function codeLeaves(e: Expr, leaves: Map<string, number>): Expr | null {
  if (e.kind === 'literal') {
    if (e.value === null) return { ...e, type: CODE };
    if (typeof e.value !== 'string') return null;
    const code = leaves.get(e.value) ?? leaves.size;
    leaves.set(e.value, code);
    return { ...e, type: CODE, value: code };
  }
  if (e.kind === 'case') {
    const thens = e.branches.map((b) => codeLeaves(b.then, leaves));
    const otherwise = codeLeaves(e.otherwise, leaves);
    if (otherwise === null || thens.includes(null)) return null;
    return {
      ...e,
      type: CODE,
      otherwise,
      branches: e.branches.map((b, k) => ({ when: b.when, then: thens[k] as Expr })),
    };
  }
  if (e.kind === 'call' && (e.fn === 'if' || e.fn === 'iff') && e.args.length === 3) {
    const [then, otherwise] = e.args.slice(1).map((a) => codeLeaves(a, leaves));
    if (then === undefined || then === null || otherwise === undefined || otherwise === null) return null;
    return { ...e, type: CODE, args: [e.args[0] as Expr, then, otherwise] };
  }
  return null;
}

/** Codes travel as dates: 32-bit integers that are numbers in every variant. */
const CODE: DataType = T.date;

function choiceUnit(coded: Expr, texts: readonly string[], type: DataType, at: number, schema: Schema): Unit {
  const kernel = new Kernel('project', [coded], schema);
  const dictionary = columnFromValues(type, texts) as Utf8Column;
  return {
    outputs: [at],
    run: (batch, rows, scratch) => {
      const [codes] = kernel.project(batch, rows, scratch);
      if (codes?.phys !== 'i32') throw new EngineBug('codes of a choice are not 32-bit');
      const { length, nullCount, validity, values } = codes;
      return [
        { type, phys: 'dict', length, nullCount, validity, codes: values, dictionary: copyText(dictionary, scratch) },
      ];
    },
  };
}

/** Results live where the rest of the batch lives. */
function copyText(col: Utf8Column, scratch: Scratch): Utf8Column {
  const offsets = scratch.i32(col.offsets.length);
  offsets.set(col.offsets);
  const bytes = scratch.u8(col.bytes.length);
  bytes.set(col.bytes);
  return { ...col, offsets, bytes };
}

function dictUnit(e: Expr, name: string, at: number, schema: Schema): Unit {
  const index = schema.findIndex((f) => f.name === name);
  const byRow = new Kernel('project', [e], schema);
  const byEntry = new Kernel('values', [e], schema);
  const map = textMapOf(e);
  return {
    outputs: [at],
    run: (batch, rows, scratch) => {
      const col = batch.columns[index];
      if (col?.phys === 'dict' && worthLifting(col.dictionary.length, rows.count)) {
        const table = tableOf(byEntry, e, col, 'num');
        if (typeof table !== 'string')
          return [recode(e.type, col, rows, table.values as ArrayLike<string>, table.nulls, scratch)];
      }
      if (map !== null && col?.phys === 'utf8') {
        const picked = rows.select === null ? col : gatherColumn(col, rows.select, rows.count, scratch);
        const made = picked.phys === 'utf8' ? map(picked, scratch) : null;
        if (made !== null) return [made];
      }
      return byRow.project(batch, rows, scratch);
    },
  };
}

/** A dictionary column whose entries went through a function: equal results share a code. */
function recode(
  type: DataType,
  col: DictColumn,
  rows: Rows,
  results: ArrayLike<string>,
  nulls: Uint8Array,
  scratch: Scratch,
): Column {
  const entries = new Map<string, number>();
  const remap = Int32Array.from({ length: nulls.length }, (_, k) => {
    if (nulls[k] === 1) return -1;
    const text = results[k] as string;
    const code = entries.get(text) ?? entries.size;
    entries.set(text, code);
    return code;
  });
  const last = nulls.length - 1;
  const n = rows.count;
  const codes = scratch.i32(n);
  const bits = scratch.bitmap(n, true);
  const { validity } = col;
  for (let k = 0; k < n; k++) {
    const i = rows.select === null ? k : (rows.select[k] as number);
    const valid = validity === null || (((validity[i >> 3] as number) >> (i & 7)) & 1) === 1;
    const code = remap[valid ? (col.codes[i] as number) : last] as number;
    codes[k] = Math.max(code, 0);
    if (code < 0) bits[k >> 3] = (bits[k >> 3] as number) & ~(1 << (k & 7));
  }
  if (entries.size === 0) return nullColumn(type, n, scratch);
  const dictionary = columnFromValues(type, [...entries.keys()], scratch) as Utf8Column;
  return { type, phys: 'dict', length: n, ...validityOf(bits, n), codes, dictionary };
}
