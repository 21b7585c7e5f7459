// Rows split and added up where they lie in the store's memory: the same as through chunks.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kernelsFor } from '../../engine/kernels/load.ts';
import { sameChecksum } from '../../engine/shuffle_tasks/checksum.ts';
import { checksumInPlace } from '../../engine/shuffle_tasks/in_place.ts';
import type { RowKernels } from '../../engine/shuffle_tasks/row_kernels.ts';
import { checkPartition, checksumOf, makeRows, splitRows } from '../../engine/shuffle_tasks/rows.ts';
import { testStore } from '../../engine/store/store.ts';
import type { LateArray } from '../../engine/tasks/late_array.ts';
import { placeValues } from '../../engine/tasks/places.ts';
import { setThreadStore } from '../../engine/tasks/thread.ts';
import { decodeValue } from '../../engine/tasks/values.ts';

const store = testStore();
setThreadStore(store);
test.after(() => store.close());

/** Results of a task, as the next one sees them. */
function placed(results: readonly LateArray[]): BigUint64Array[] {
  return placeValues(store, results, undefined, 0).map((p) => {
    if (p.kind !== 'object') throw new Error(`a ${p.kind} value`);
    const lease = store.readBytes(p.object, p.offset, p.bytes);
    const value = decodeValue(lease.view, { copy: true }) as BigUint64Array;
    lease.release();
    store.release(p.object);
    return value;
  });
}

/** Runs `work` on the rows in the store's memory. */
function inStore<R>(rows: BigUint64Array, work: (rows: BigUint64Array) => R): R {
  const block = store.allocate(Math.max(1, rows.byteLength), 'test');
  try {
    const view = new BigUint64Array(block.view.buffer, block.view.byteOffset, rows.length);
    view.set(rows);
    return work(view);
  } finally {
    store.free(block);
  }
}

const made = (rows: number, seed: number): BigUint64Array =>
  placed([makeRows({ first: 0, rows, seed })])[0] as BigUint64Array;

/** Rows of each partition by the kernel for one row. */
function expected(rows: BigUint64Array, partitions: number): BigUint64Array[] {
  const parts: bigint[][] = Array.from({ length: partitions }, () => []);
  for (let i = 0; i < rows.length; i += 2) {
    const [key, payload] = [rows[i] as bigint, rows[i + 1] as bigint];
    const hash = BigInt.asUintN(64, key * 0xd6e8feb86659fd93n) >> 32n;
    parts[Number((hash * BigInt(partitions)) >> 32n)]?.push(key, payload);
  }
  return parts.map((p) => BigUint64Array.from(p));
}

test('random rows, split: each in its partition, in the order of the rows', () => {
  const few = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(
      fc.nat(1500),
      fc.integer({ min: 1, max: 40 }),
      fc.nat(100),
      fc.option(few),
      (n, partitions, seed, keys) => {
        const rows = made(n, seed);
        // Few keys: partitions that are far from equal.
        if (keys !== null) for (let i = 0; i < n; i++) rows[2 * i] = keys[i % keys.length] as bigint;
        const pieces = inStore(rows, (r) => placed(splitRows(r, partitions)));
        assert.equal(pieces, expected(rows, partitions));
      },
    ),
    { numRuns: 60 },
  );
});

test('many rows are split in one pass, and the same where a guess of the sizes fails', () => {
  const n = 200_000;
  for (const partitions of [1, 2, 7, 16, 17, 32]) {
    const rows = made(n, partitions);
    const even = rows.slice();
    // Keys of the last partition from here on: a sample from all over sees fewer of them than there are.
    const [last] = (expected(rows.subarray(0, 4000), partitions).at(-1) as BigUint64Array).subarray(0, 1);
    const step = Math.floor(n / 256);
    for (let i = 0; i < n; i++) if (i > n / 2 && i % step !== 0) rows[2 * i] = last as bigint;
    for (const given of [even, rows]) {
      const [late, pieces] = inStore(given, (r) => {
        const arrays = splitRows(r, partitions);
        const sized = arrays[0]?.sized;
        return [sized, placed(arrays)] as const;
      });
      assert.is(late, false);
      assert.ok(sameChecksum(checksumOf(pieces), checksumOf([given])));
      pieces.forEach((piece, p) => {
        assert.is(checkPartition([piece], partitions, p).strangers, 0);
        if (given === rows) return;
        for (let i = 3; i < piece.length; i += 2)
          if ((piece[i] as bigint) <= (piece[i - 2] as bigint)) assert.unreachable(`order of ${p}`);
      });
    }
  }
});

test('rows with few keys are counted first', () => {
  const rows = made(100_000, 3);
  for (let i = 0; i < rows.length; i += 2) rows[i] = BigInt(i % 6);
  inStore(rows, (r) => {
    const arrays = splitRows(r, 16);
    assert.is(arrays[0]?.sized, true);
    assert.ok(sameChecksum(checksumOf(placed(arrays)), checksumOf([rows])));
  });
});

test('no row goes beyond the limit of its partition', () => {
  const partitions = 4;
  const rows = made(3000, 8);
  const whole = expected(rows, partitions);
  for (const short of [0, 1, 400]) {
    const room = Math.max(...whole.map((p) => p.byteLength)) - 16 * short;
    const block = store.allocate(rows.byteLength + partitions * (room + 16) + 64, 'test');
    const at = block.view.byteOffset;
    new BigUint64Array(block.view.buffer, at, rows.length).set(rows);
    const start = at + rows.byteLength;
    const words = new Uint32Array(block.view.buffer, start + partitions * (room + 16), 8);
    for (let p = 0; p < partitions; p++) {
      words[p] = start + p * (room + 16);
      words[4 + p] = (words[p] as number) + room;
      new BigUint64Array(block.view.buffer, words[4 + p], 2).fill(77n);
    }
    const k = kernelsFor(block.view) as RowKernels;
    const moved = k.rows_hash_scatter_within(at, 3000, partitions, words.byteOffset, words.byteOffset + 16);
    assert.is(moved === 3000, short === 0);
    const before = expected(rows.subarray(0, 2 * moved), partitions);
    before.forEach((piece, p) => {
      const first = start + p * (room + 16);
      assert.is(words[p], first + piece.byteLength);
      assert.equal(new BigUint64Array(block.view.buffer, first, piece.length), piece);
      assert.equal([...new BigUint64Array(block.view.buffer, first + room, 2)], [77n, 77n]);
    });
    store.free(block);
  }
});

test('a checksum does not depend on where rows lie', () => {
  for (const n of [0, 1, 3, 4, 5, 1001]) {
    const rows = made(n, 5);
    const sum = inStore(rows, (r) => checksumInPlace(r));
    assert.ok(sum !== null && sameChecksum(sum, checksumOf([rows])));
    assert.is(sum.rows, n);
    let keys = 0n;
    for (let i = 0; i < rows.length; i += 2) keys += rows[i] as bigint;
    assert.is(sum.keySum, BigInt.asUintN(64, keys));
  }
});

test.run();
