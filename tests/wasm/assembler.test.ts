import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { assembleModule, type Code, FunctionBuilder, signedLeb, unsignedLeb } from '../../engine/wasm/assembler.ts';
import type { PlainOp } from '../../engine/wasm/opcodes.ts';

function instance(fn: FunctionBuilder, memory: WebAssembly.Memory | null = null): (...args: never[]) => unknown {
  const imported = { module: 'env', name: 'memory', initial: 1, maximum: 2, shared: true };
  const bytes = assembleModule({ memory: memory === null ? null : imported, functions: [{ name: 'f', fn }] });
  const made = new WebAssembly.Instance(new WebAssembly.Module(bytes), memory === null ? {} : { env: { memory } });
  return made.exports['f'] as (...args: never[]) => unknown;
}

test('LEB128 as the specification has it', () => {
  const unsigned = (n: number): number[] => {
    const out: number[] = [];
    unsignedLeb(n, out);
    return out;
  };
  const signed = (n: bigint): number[] => {
    const out: number[] = [];
    signedLeb(n, out);
    return out;
  };
  assert.equal(unsigned(624485), [0xe5, 0x8e, 0x26]);
  assert.equal(unsigned(2 ** 32 - 1), [0xff, 0xff, 0xff, 0xff, 0x0f]);
  assert.equal(signed(-123456n), [0xc0, 0xbb, 0x78]);
  assert.equal(signed(64n), [0xc0, 0x00]);
  assert.equal(signed(-1n), [0x7f]);
});

/** A generated expression: how it is written as instructions, and its value. */
interface Tree<V> {
  readonly emit: (c: Code) => void;
  readonly value: V;
}

const i64 = (v: bigint): bigint => BigInt.asIntN(64, v);
const INTS: readonly [PlainOp, (a: bigint, b: bigint) => bigint][] = [
  ['i64.add', (a, b) => i64(a + b)],
  ['i64.sub', (a, b) => i64(a - b)],
  ['i64.mul', (a, b) => i64(a * b)],
  ['i64.and', (a, b) => a & b],
  ['i64.or', (a, b) => a | b],
  ['i64.xor', (a, b) => a ^ b],
];
const FLOATS: readonly [PlainOp, (a: number, b: number) => number][] = [
  ['f64.add', (a, b) => a + b],
  ['f64.sub', (a, b) => a - b],
  ['f64.mul', (a, b) => a * b],
  ['f64.div', (a, b) => a / b],
  ['f64.min', Math.min],
  ['f64.max', Math.max],
];

function tree<V>(
  leaf: fc.Arbitrary<Tree<V>>,
  ops: readonly [PlainOp, (a: V, b: V) => V][],
  depth: number,
): fc.Arbitrary<Tree<V>> {
  if (depth === 0) return leaf;
  const sub = tree(leaf, ops, depth - 1);
  const node = fc.tuple(fc.constantFrom(...ops), sub, sub).map(([[name, apply], a, b]) => ({
    emit: (c: Code) => {
      a.emit(c);
      b.emit(c);
      c.op(name);
    },
    value: apply(a.value, b.value),
  }));
  return fc.oneof(leaf, node);
}

test('integer expressions compile and give what they should', () => {
  const leaf = fc
    .bigInt(-(2n ** 63n), 2n ** 63n - 1n)
    .map((value) => ({ emit: (c: Code) => void c.i64(value), value }));
  fc.assert(
    fc.property(tree(leaf, INTS, 5), (t) => {
      const fn = new FunctionBuilder([], ['i64']);
      t.emit(fn.code);
      assert.is(instance(fn)(), t.value);
    }),
    { numRuns: 200 },
  );
});

test('float expressions compile and give what they should', () => {
  const leaf = fc.double().map((value) => ({ emit: (c: Code) => void c.f64(value), value }));
  fc.assert(
    fc.property(tree(leaf, FLOATS, 5), (t) => {
      const fn = new FunctionBuilder([], ['f64']);
      t.emit(fn.code);
      assert.ok(Object.is(instance(fn)(), t.value));
    }),
    { numRuns: 200 },
  );
});

test('vectors: lanes of two operations are those of two scalars', () => {
  const pair = fc.tuple(fc.double(), fc.double());
  const ops = { 'f64x2.add': (a: number, b: number) => a + b, 'f64x2.mul': (a: number, b: number) => a * b } as const;
  fc.assert(
    fc.property(pair, pair, fc.constantFrom('f64x2.add', 'f64x2.mul'), fc.constantFrom(0, 1), (a, b, op, lane) => {
      const name = op as keyof typeof ops;
      const bytes = (v: readonly number[]): Uint8Array => new Uint8Array(Float64Array.from(v).buffer);
      const fn = new FunctionBuilder([], ['f64']);
      fn.code.v128(bytes(a)).v128(bytes(b)).vector(name).lane('f64x2.extract_lane', lane);
      assert.ok(Object.is(instance(fn)(), ops[name](a[lane] as number, b[lane] as number)));
    }),
    { numRuns: 100 },
  );
});

test('a loop over shared memory: sums, stores, shuffles', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
  const fn = new FunctionBuilder(['i32', 'i32'], ['i32']);
  const [at, n] = [0, 1];
  const sum = fn.local('i32');
  fn.code.block().get(n).op('i32.eqz').branchIf(0).loop();
  fn.code.get(sum).get(at).memory('i32.load', 4).op('i32.add').set(sum);
  fn.code.get(at).i32(4).op('i32.add').set(at);
  fn.code.get(n).i32(1).op('i32.sub').tee(n).branchIf(0).end().end();
  fn.code.get(sum);
  const f = instance(fn, memory) as (at: number, n: number) => number;
  const words = new Int32Array(memory.buffer, 64, 101);
  words.forEach((_, k) => {
    words[k] = k * 1000;
  });
  assert.is(f(64, 100), 5_050_000);
  assert.is(f(64, 0), 0);

  const swap = new FunctionBuilder(['i32'], []);
  const lanes = [4, 5, 6, 7, 0, 1, 2, 3, 28, 29, 30, 31, 24, 25, 26, 27];
  swap.code.get(0).get(0).vectorMemory('v128.load').get(0).vectorMemory('v128.load').shuffle(lanes);
  swap.code.vectorMemory('v128.store');
  (instance(swap, memory) as (at: number) => void)(64);
  assert.equal(Array.from(words.subarray(0, 4)), [1000, 0, 3000, 2000]);
});

test('if, else and lanes of memory', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
  const fn = new FunctionBuilder(['i32'], ['i32']);
  fn.code.get(0).if('i32').i32(-7).else();
  fn.code.i32(128).i32(128).v128(new Uint8Array(16).fill(1)).laneMemory('v128.load32_lane', 2, 8);
  fn.code.lane('i32x4.extract_lane', 2).memory('i32.store').i32(128).memory('i32.load').end();
  const f = instance(fn, memory) as (x: number) => number;
  new Int32Array(memory.buffer)[34] = 123456;
  assert.is(f(1), -7);
  assert.is(f(0), 123456);
});

test.run();
