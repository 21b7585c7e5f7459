import { EngineBug } from '../errors.ts';
import {
  LANE,
  LANE_MEMORY,
  type LaneMemoryOp,
  type LaneOp,
  MEMORY,
  type MemoryOp,
  PLAIN,
  type PlainOp,
  VECTOR,
  VECTOR_MEMORY,
  type VectorMemoryOp,
  type VectorOp,
} from './opcodes.ts';

/**
 * A WebAssembly assembler for code made at run time: functions are written instruction by instruction, in the order of the stack machine,
 * and come out as the bytes of a module. It validates nothing but its own use: the engine's compiler of WebAssembly does that.
 */
export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

const TYPE_CODE: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** Prefix of vector instructions. */
const SIMD = 0xfd;
const NO_RESULT = 0x40;
const END = 0x0b;

/** Unsigned LEB128 of an integer below 2^32. */
export function unsignedLeb(n: number, into: number[]): void {
  let rest = n >>> 0;
  while (rest > 0x7f) {
    into.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  into.push(rest);
}

/** Signed LEB128 of a 64-bit integer. */
export function signedLeb(n: bigint, into: number[]): void {
  for (let rest = n; ; ) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) {
      into.push(low);
      return;
    }
    into.push(low | 0x80);
  }
}

const floatBytes = new DataView(new ArrayBuffer(8));

/** Instructions, in order. Every method appends one. */
export class Code {
  readonly bytes: number[] = [];

  op(name: PlainOp): this {
    this.bytes.push(PLAIN[name]);
    return this;
  }

  vector(name: VectorOp): this {
    this.bytes.push(SIMD);
    unsignedLeb(VECTOR[name], this.bytes);
    return this;
  }

  get(local: number): this {
    this.bytes.push(0x20);
    unsignedLeb(local, this.bytes);
    return this;
  }

  set(local: number): this {
    this.bytes.push(0x21);
    unsignedLeb(local, this.bytes);
    return this;
  }

  tee(local: number): this {
    this.bytes.push(0x22);
    unsignedLeb(local, this.bytes);
    return this;
  }

  i32(value: number): this {
    this.bytes.push(0x41);
    signedLeb(BigInt(value | 0), this.bytes);
    return this;
  }

  i64(value: bigint): this {
    this.bytes.push(0x42);
    signedLeb(BigInt.asIntN(64, value), this.bytes);
    return this;
  }

  f64(value: number): this {
    floatBytes.setFloat64(0, value, true);
    this.bytes.push(0x44, ...new Uint8Array(floatBytes.buffer));
    return this;
  }

  f32(value: number): this {
    floatBytes.setFloat32(0, value, true);
    this.bytes.push(0x43, ...new Uint8Array(floatBytes.buffer, 0, 4));
    return this;
  }

  /** `bytes`: 16. */
  v128(bytes: ArrayLike<number>): this {
    if (bytes.length !== 16) throw new EngineBug(`a vector has 16 bytes, not ${bytes.length}`);
    this.bytes.push(SIMD, 12, ...Array.from(bytes));
    return this;
  }

  /** `lanes`: 16 numbers of bytes, 0 to 15 of the first operand, 16 to 31 of the second. */
  shuffle(lanes: readonly number[]): this {
    if (lanes.length !== 16 || lanes.some((k) => k < 0 || k > 31)) throw new EngineBug('not the lanes of a shuffle');
    this.bytes.push(SIMD, 13, ...lanes);
    return this;
  }

  lane(name: LaneOp, lane: number): this {
    this.bytes.push(SIMD);
    unsignedLeb(LANE[name], this.bytes);
    this.bytes.push(lane);
    return this;
  }

  /** A load or store at the address on the stack plus `offset`. */
  memory(name: MemoryOp, offset = 0): this {
    const { code, align } = MEMORY[name];
    this.bytes.push(code, align);
    unsignedLeb(offset, this.bytes);
    return this;
  }

  vectorMemory(name: VectorMemoryOp, offset = 0): this {
    const { code, align } = VECTOR_MEMORY[name];
    this.bytes.push(SIMD, code, align);
    unsignedLeb(offset, this.bytes);
    return this;
  }

  laneMemory(name: LaneMemoryOp, lane: number, offset = 0): this {
    const { code, align } = LANE_MEMORY[name];
    this.bytes.push(SIMD, code, align);
    unsignedLeb(offset, this.bytes);
    this.bytes.push(lane);
    return this;
  }

  block(result: ValueType | null = null): this {
    this.bytes.push(0x02, result === null ? NO_RESULT : TYPE_CODE[result]);
    return this;
  }

  loop(): this {
    this.bytes.push(0x03, NO_RESULT);
    return this;
  }

  /** Takes the condition from the stack. */
  if(result: ValueType | null = null): this {
    this.bytes.push(0x04, result === null ? NO_RESULT : TYPE_CODE[result]);
    return this;
  }

  else(): this {
    this.bytes.push(0x05);
    return this;
  }

  end(): this {
    this.bytes.push(END);
    return this;
  }

  /** Leaves the block so many levels out (0: the innermost); of a loop, begins it again. */
  branch(depth: number): this {
    this.bytes.push(0x0c);
    unsignedLeb(depth, this.bytes);
    return this;
  }

  branchIf(depth: number): this {
    this.bytes.push(0x0d);
    unsignedLeb(depth, this.bytes);
    return this;
  }

  /** Calls a function of the module by its number. */
  call(fn: number): this {
    this.bytes.push(0x10);
    unsignedLeb(fn, this.bytes);
    return this;
  }

  append(code: Code): this {
    for (const b of code.bytes) this.bytes.push(b);
    return this;
  }
}

/** A function: parameters are the first locals. */
export class FunctionBuilder {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
  readonly code = new Code();
  private readonly locals: ValueType[] = [];

  constructor(params: readonly ValueType[], results: readonly ValueType[]) {
    this.params = params;
    this.results = results;
  }

  /** Number of a new local, zero at first. */
  local(type: ValueType): number {
    return this.params.length + this.locals.push(type) - 1;
  }

  /** Declarations of locals and the instructions, as the code section holds them. */
  body(): number[] {
    const runs: [ValueType, number][] = [];
    for (const type of this.locals) {
      const last = runs.at(-1);
      if (last !== undefined && last[0] === type) last[1]++;
      else runs.push([type, 1]);
    }
    const out: number[] = [];
    unsignedLeb(runs.length, out);
    for (const [type, count] of runs) {
      unsignedLeb(count, out);
      out.push(TYPE_CODE[type]);
    }
    for (const b of this.code.bytes) out.push(b);
    out.push(END);
    return out;
  }
}

/** A memory that the module imports; sizes in pages of 64 KiB. */
export interface MemoryImport {
  readonly module: string;
  readonly name: string;
  readonly initial: number;
  readonly maximum: number;
  readonly shared: boolean;
}

export interface ModuleParts {
  readonly memory: MemoryImport | null;
  readonly functions: readonly { readonly name: string; readonly fn: FunctionBuilder }[];
}

/** The bytes of a module that exports its functions by name. */
export function assembleModule(parts: ModuleParts): Uint8Array {
  const out = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  const { memory, functions } = parts;
  section(out, 1, (to) =>
    list(to, functions, ({ fn }) => {
      to.push(0x60);
      types(to, fn.params);
      types(to, fn.results);
    }),
  );
  if (memory !== null) section(out, 2, (to) => memoryImport(to, memory));
  section(out, 3, (to) => list(to, functions, (_, k) => unsignedLeb(k, to)));
  section(out, 7, (to) =>
    list(to, functions, ({ name }, k) => {
      text(to, name);
      to.push(0x00);
      unsignedLeb(k, to);
    }),
  );
  section(out, 10, (to) =>
    list(to, functions, ({ fn }) => {
      const body = fn.body();
      unsignedLeb(body.length, to);
      for (const b of body) to.push(b);
    }),
  );
  return Uint8Array.from(out);
}

function memoryImport(to: number[], m: MemoryImport): void {
  unsignedLeb(1, to);
  text(to, m.module);
  text(to, m.name);
  to.push(0x02, m.shared ? 0x03 : 0x01);
  unsignedLeb(m.initial, to);
  unsignedLeb(m.maximum, to);
}

function section(out: number[], id: number, write: (to: number[]) => void): void {
  const content: number[] = [];
  write(content);
  out.push(id);
  unsignedLeb(content.length, out);
  for (const b of content) out.push(b);
}

function list<X>(to: number[], items: readonly X[], write: (item: X, k: number) => void): void {
  unsignedLeb(items.length, to);
  items.forEach(write);
}

function types(to: number[], all: readonly ValueType[]): void {
  list(to, all, (type) => to.push(TYPE_CODE[type]));
}

function text(to: number[], value: string): void {
  const bytes = new TextEncoder().encode(value);
  unsignedLeb(bytes.length, to);
  for (const b of bytes) to.push(b);
}
