// Checksums of spill files: kernel and reference agree, and damage shows.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { useKernels } from '../../engine/kernels/load.ts';
import { checksumOf, checksums } from '../../engine/store/checksum.ts';
import { testStore } from '../../engine/store/store.ts';

const CHUNK = 4096;

test('kernel and reference agree for any length', () => {
  const store = testStore(16 << 20);
  const block = store.allocate(1 << 20, 'test');
  try {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 * CHUNK + 200 }), fc.nat(64), fc.nat(), (n, from, seed) => {
        const bytes = block.view.subarray(from * 4, from * 4 + n);
        for (let i = 0; i < n; i++) bytes[i] = (Math.imul(i + seed, 0x9e3779b1) >>> 13) & 255;
        const byKernel = checksums(bytes, CHUNK);
        useKernels(false);
        try {
          assert.equal(Array.from(byKernel), Array.from(checksums(bytes, CHUNK)));
        } finally {
          useKernels(true);
        }
        assert.equal(Array.from(byKernel), Array.from(checksums(bytes.slice(), CHUNK)));
      }),
      { numRuns: 200 },
    );
  } finally {
    store.free(block);
    store.close();
  }
});

test('any bit, any two bits, moved blocks, a cut and zeros show', () => {
  const bytes = new Uint8Array(CHUNK);
  for (let i = 0; i < CHUNK; i++) bytes[i] = (Math.imul(i, 0x85ebca6b) >>> 11) & 255;
  const right = checksumOf(bytes);
  const flip = (bit: number): void => {
    bytes[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7));
  };
  for (let bit = 0; bit < CHUNK * 8; bit++) {
    flip(bit);
    assert.is.not(checksumOf(bytes), right, `bit ${bit}`);
    flip(bit);
  }
  fc.assert(
    fc.property(fc.nat(CHUNK * 8 - 1), fc.nat(CHUNK * 8 - 1), (a, b) => {
      fc.pre(a !== b);
      flip(a);
      flip(b);
      const wrong = checksumOf(bytes);
      flip(a);
      flip(b);
      assert.is.not(wrong, right, `bits ${a} and ${b}`);
    }),
    { numRuns: 2000 },
  );
  assert.is.not(checksumOf(bytes.subarray(0, CHUNK - 1)), right);
  assert.is.not(checksumOf(new Uint8Array(CHUNK)), checksumOf(new Uint8Array(CHUNK - 128)));
  for (let at = 0; at + 256 <= CHUNK; at += 128) {
    const moved = bytes.slice();
    moved.copyWithin(at, at + 128, at + 256);
    moved.set(bytes.subarray(at, at + 128), at + 128);
    assert.is.not(checksumOf(moved), right, `blocks at ${at}`);
  }
});

test.run();
