import { EngineBug } from '../errors.ts';
import type { Expr, LiteralValue } from '../expr.ts';
import type { DataType } from '../types.ts';
import { type Form, isIntLike, type Part, typeBound } from './forms.ts';
import { idOf } from './nodes.ts';

/**
 * `num`: ints, decimals, times and timestamps are numbers, exact up to 2^53, and the code returns LEAVE when a result passes that.
 * `wide`: they are bigints, checked against their type.
 */
export type Mode = 'num' | 'wide';

/** Result of generated code that left the exact range: the batch is computed again, wide. */
export const LEAVE = -1;

/** A computed value: names (or literals of ours) of its value and its null flag. Under a null the value is some value of the type. */
export interface Val {
  readonly v: string;
  /** 'false', 'true' or a name. */
  readonly n: string;
  /** No value is greater in magnitude, where that matters (integers). */
  readonly bound: number;
}

export interface Slot {
  readonly name: string;
  readonly type: DataType;
  readonly form: Form;
  readonly nullable: boolean;
  /** Expressions over this dictionary column alone are computed once an entry. */
  readonly lift: boolean;
}

/** What generated code takes as arguments, in order: parts of columns, and tables of expressions over dictionaries. */
export interface Input {
  readonly slot: number;
  readonly part: Part;
  readonly lifted: Expr | null;
}

/** State of one piece of code being generated: its lines, bound constants, inputs, and what is already computed in the open blocks. */
export class Gen {
  readonly lines: string[] = [];
  /** Constants and functions, bound as p0, p1, …: no value of the user's ever becomes text of the code. */
  readonly params: unknown[] = [];
  readonly inputs: Input[] = [];
  /** Nodes that may fail, by the number the trace variant notes. */
  readonly nodes: Expr[] = [];
  readonly slots: readonly Slot[];
  readonly mode: Mode;
  readonly trace: boolean;
  private readonly make: (g: Gen, e: Expr) => Val;
  private readonly scopes: Map<number, Val>[] = [new Map()];
  private names = 0;

  constructor(slots: readonly Slot[], mode: Mode, trace: boolean, make: (g: Gen, e: Expr) => Val) {
    this.slots = slots;
    this.mode = mode;
    this.trace = trace;
    this.make = make;
  }

  /** Emits the code of an expression unless an open block has computed it. */
  gen(e: Expr): Val {
    const id = idOf(e);
    for (const scope of this.scopes) {
      const seen = scope.get(id);
      if (seen !== undefined) return seen;
    }
    const val = this.make(this, e);
    (this.scopes.at(-1) as Map<number, Val>).set(id, val);
    return val;
  }

  name(): string {
    return `v${this.names++}`;
  }

  bind(value: unknown): string {
    return `p${this.params.push(value) - 1}`;
  }

  input(slot: number, part: Part, lifted: Expr | null = null): string {
    const at = this.inputs.findIndex((i) => i.slot === slot && i.part === part && i.lifted === lifted);
    return `a${at >= 0 ? at : this.inputs.push({ slot, part, lifted }) - 1}`;
  }

  emit(line: string): void {
    this.lines.push(line);
  }

  /** Declares a constant; names and literals of ours are used as they are. */
  let(code: string): string {
    if (/^[\w.]+$/.test(code)) return code;
    const name = this.name();
    this.emit(`const ${name} = ${code};`);
    return name;
  }

  /** `head {`, the body in a scope of its own, `}`. */
  block(head: string, body: () => void): void {
    this.emit(`${head} {`);
    this.scopes.push(new Map());
    body();
    this.scopes.pop();
    this.emit('}');
  }

  /** Notes the node that may fail next, in the trace variant. */
  mark(e: Expr): void {
    if (!this.trace) return;
    this.emit(`T.node = ${this.nodes.push(e) - 1}; T.row = i;`);
  }

  /** Name of a null flag that is true where any of these is; 'false' when none can be. */
  anyNull(vals: readonly Val[]): string {
    const flags = [...new Set(vals.map((x) => x.n))].filter((n) => n !== 'false');
    if (flags.includes('true')) return 'true';
    return flags.length <= 1 ? (flags[0] ?? 'false') : this.let(`(${flags.join(' || ')})`);
  }

  /** A value of the type to stand under nulls. */
  zero(t: DataType): string {
    if (isIntLike(t)) return this.mode === 'wide' ? '0n' : '0';
    switch (t.kind) {
      case 'bool':
        return 'false';
      case 'float':
      case 'date':
        return '0';
      case 'string':
      case 'json':
        return "''";
      default:
        return 'null';
    }
  }

  nullVal(t: DataType): Val {
    return { v: this.zero(t), n: 'true', bound: 0 };
  }

  literal(t: DataType, value: LiteralValue): Val {
    if (value === null) return this.nullVal(t);
    if (typeof value === 'boolean') return { v: String(value), n: 'false', bound: 1 };
    return { v: this.bind(this.toMode(t, value)), n: 'false', bound: boundOfValue(t, value) };
  }

  /** A value in the representation of the variant. */
  toMode(t: DataType, value: LiteralValue): unknown {
    if (!isIntLike(t)) return value;
    if (typeof value !== 'number' && typeof value !== 'bigint')
      throw new EngineBug(`a ${t.kind} literal is a ${typeof value}`);
    return this.mode === 'wide' ? BigInt(value) : Number(value);
  }
}

function boundOfValue(t: DataType, value: LiteralValue): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Math.abs(Number(value));
  return typeBound(t);
}
