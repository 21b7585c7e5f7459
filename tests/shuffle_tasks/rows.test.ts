import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addChecksums, NO_ROWS, sameChecksum } from '../../engine/shuffle_tasks/checksum.ts';
import {
  checkPartition,
  checkRange,
  checksumOf,
  checksumOfMade,
  MOST_PARTITIONS,
  makeRows,
  sampleKeys,
  sortRows,
  splitMade,
  splitMadeByRange,
  splitRows,
} from '../../engine/shuffle_tasks/rows.ts';
import type { LateArray } from '../../engine/tasks/late_array.ts';

/** Late arrays as the store would fill them. */
function filled(arrays: readonly LateArray[]): BigUint64Array[] {
  const made = arrays.map((a) => new BigUint64Array(a.bytes / 8));
  arrays.forEach((a, i) => {
    a.place(new Uint8Array((made[i] as BigUint64Array).buffer));
  });
  return made;
}

const made = (first: number, rows: number, seed = 1) => filled([makeRows({ first, rows, seed })])[0] as BigUint64Array;
const u64 = (x: bigint) => BigInt.asUintN(64, x);
const partOf = (key: bigint, partitions: number) =>
  Number((u64(key * 0xd6e8feb86659fd93n) >> 32n) * BigInt(partitions)) / 2 ** 32;

test('rows depend on seed and number only; keys do not repeat', () => {
  const all = made(0, 200_000);
  assert.equal(made(70_000, 1000), all.slice(140_000, 142_000));
  const keys = new Set<bigint>();
  for (let i = 0; i < all.length; i += 2) {
    keys.add(all[i] as bigint);
    if (i % 20_000 === 0) assert.is(all[i + 1], BigInt(i / 2));
  }
  assert.is(keys.size, 200_000);
  const other = new Set(made(0, 1000, 2).filter((_, i) => i % 2 === 0));
  assert.not.ok([...other].some((k) => keys.has(k)));
});

test('rows beyond 2^32 are counted right', () => {
  const rows = made(2 ** 40, 2);
  assert.equal([rows[1], rows[3]], [2n ** 40n, 2n ** 40n + 1n]);
});

test('made rows are split as rows are: each by the hash of its key, in order', () => {
  for (const [n, partitions] of [
    [0, 3],
    [1, 1],
    [1000, 7],
    [150_000, 50],
    [70_000, 1000],
  ] as const) {
    const rows = { first: 5, rows: n, seed: 3 };
    const pieces = filled(splitMade(rows, partitions));
    const whole = filled([makeRows(rows)])[0] as BigUint64Array;
    assert.equal(filled(splitRows(whole, partitions)), pieces);
    pieces.forEach((piece, p) => {
      for (let i = 0; i < piece.length; i += 2) {
        if (Math.floor(partOf(piece[i] as bigint, partitions)) !== p) assert.unreachable(`row ${i} of partition ${p}`);
        if (i > 0 && (piece[i + 1] as bigint) <= (piece[i - 1] as bigint)) assert.unreachable(`order of ${p}`);
      }
      assert.is(checkPartition([piece], partitions, p).strangers, 0);
    });
    assert.ok(sameChecksum(checksumOf(pieces), checksumOfMade(rows)));
    if (n > 0 && partitions > 1) assert.ok(checkPartition(pieces, partitions, 0).strangers > 0);
  }
});

test('partitions are about equal, up to the most there may be', () => {
  const sizes = splitMade({ first: 0, rows: 400_000, seed: 9 }, 100).map((a) => a.bytes / 16);
  assert.ok(Math.min(...sizes) > 3600 && Math.max(...sizes) < 4400, `${Math.min(...sizes)} ${Math.max(...sizes)}`);
  assert.is(filled(splitMade({ first: 0, rows: 10_000, seed: 9 }, MOST_PARTITIONS)).length, MOST_PARTITIONS);
});

test('checksums add up, and see a changed or missing row', () => {
  const rows = { first: 0, rows: 100_000, seed: 4 };
  const whole = filled([makeRows(rows)])[0] as BigUint64Array;
  let [keySum, payloadSum, keyXor, payloadXor] = [0n, 0n, 0n, 0n];
  for (let i = 0; i < whole.length; i += 2) {
    const [key, payload] = [whole[i] as bigint, whole[i + 1] as bigint];
    keySum = u64(keySum + key);
    payloadSum = u64(payloadSum + payload);
    keyXor ^= key;
    payloadXor ^= payload;
  }
  const sum = checksumOf([whole]);
  assert.equal(sum, { rows: 100_000, keySum, payloadSum, keyXor, payloadXor });
  const halves = [whole.subarray(0, 70_002), whole.subarray(70_002)].map((h) => checksumOf([h]));
  assert.ok(sameChecksum(halves.reduce(addChecksums, NO_ROWS), sum));
  assert.not.ok(sameChecksum(checksumOf([whole.subarray(2)]), sum));
  (whole[777] as bigint) ^= 4n;
  assert.not.ok(sameChecksum(checksumOf([whole]), sum));
});

test('ranges: split by bounds, sorted, checked', () => {
  const rows = { first: 0, rows: 120_000, seed: 5 };
  const keys = [...sampleKeys(rows, 100)].sort((a, b) => (a < b ? -1 : 1));
  const bounds = BigUint64Array.from([1, 2, 3, 4].map((i) => keys[240 * i] as bigint));
  const pieces = filled(splitMadeByRange(rows, bounds));
  assert.is(pieces.length, 5);
  const sorted = pieces.map((p) => filled([sortRows([p])])[0] as BigUint64Array);
  const whole: [bigint, bigint][] = [];
  const all = filled([makeRows(rows)])[0] as BigUint64Array;
  for (let i = 0; i < all.length; i += 2) whole.push([all[i] as bigint, all[i + 1] as bigint]);
  whole.sort(([a], [b]) => (a < b ? -1 : 1));
  assert.equal(
    sorted.flatMap((s) => [...s]),
    whole.flat(),
  );
  sorted.forEach((s, p) => {
    const check = checkRange(s);
    assert.is(check.wrong, 0);
    assert.is(check.first, s[0]);
    if (p > 0) assert.ok((check.first as bigint) >= (bounds[p - 1] as bigint));
  });
  assert.ok(checkRange(pieces[0] as BigUint64Array).wrong > 0);
  assert.equal(checkRange(new BigUint64Array()).first, null);
});

test('a sort ends at the same bytes: equal keys, few keys, sorted, reversed, in pieces', () => {
  const shapes: readonly ((i: number, n: number) => bigint)[] = [
    () => 7n,
    (i) => BigInt(i % 3),
    (i) => BigInt(i),
    (i, n) => BigInt(n - i),
    (i) => (i % 2 === 0 ? 0n : 2n ** 64n - 1n),
    (i) => BigInt((i * 7919) % 101) << 50n,
  ];
  for (const n of [0, 1, 2, 30, 63, 64, 100, 5000]) {
    for (const [s, shape] of shapes.entries()) {
      const rows: [bigint, bigint][] = Array.from({ length: n }, (_, i) => [shape(i, n), BigInt((i * 31) % 1009)]);
      const flat = BigUint64Array.from(rows.flat());
      const half = 2 * Math.floor(n / 3);
      const sorted = filled([sortRows([flat.subarray(half), flat.subarray(0, half)])])[0] as BigUint64Array;
      rows.sort((a, b) =>
        a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]) ? -1 : a[0] === b[0] && a[1] === b[1] ? 0 : 1,
      );
      assert.equal([...sorted], rows.flat(), `${n} rows of shape ${s}`);
      assert.is(checkRange(sorted).wrong, 0);
    }
  }
});

test.run();
