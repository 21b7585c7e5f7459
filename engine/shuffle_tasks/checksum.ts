/** What rows come down to, in any order: how many, and the sums and exclusive-ors of both columns, modulo 2^64. */
export interface Checksum {
  readonly rows: number;
  readonly keySum: bigint;
  readonly payloadSum: bigint;
  readonly keyXor: bigint;
  readonly payloadXor: bigint;
}

export const NO_ROWS: Checksum = { rows: 0, keySum: 0n, payloadSum: 0n, keyXor: 0n, payloadXor: 0n };

export function addChecksums(a: Checksum, b: Checksum): Checksum {
  return {
    rows: a.rows + b.rows,
    keySum: BigInt.asUintN(64, a.keySum + b.keySum),
    payloadSum: BigInt.asUintN(64, a.payloadSum + b.payloadSum),
    keyXor: a.keyXor ^ b.keyXor,
    payloadXor: a.payloadXor ^ b.payloadXor,
  };
}

export function sameChecksum(a: Checksum, b: Checksum): boolean {
  return (Object.keys(NO_ROWS) as (keyof Checksum)[]).every((k) => a[k] === b[k]);
}

/** Of four sums as rows_fold leaves them. */
export function sumsOf(rows: number, sums: BigUint64Array): Checksum {
  const [keySum, payloadSum, keyXor, payloadXor] = sums as unknown as [bigint, bigint, bigint, bigint];
  return { rows, keySum, payloadSum, keyXor, payloadXor };
}
