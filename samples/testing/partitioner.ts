// Finding the bug in a partitioner: customers of a shop are to be spread over partitions by their name, in any spelling.
//   node --import tsx samples/testing/partitioner.ts
import fc from 'fast-check';
import { checkShuffle, LawError } from 'flowc/testing';

interface Sale {
  readonly customer: string;
  readonly amount: number;
}

/** Sum of the character codes: the same text, the same partition. */
function placeOf(text: string, partitions: number): number {
  let sum = 0;
  for (const c of text) sum += c.codePointAt(0) ?? 0;
  return sum % partitions;
}

function split(sales: readonly Sale[], partitions: number, place: (sale: Sale) => number): Sale[][] {
  const pieces: Sale[][] = Array.from({ length: partitions }, () => []);
  for (const sale of sales) pieces[place(sale)]?.push(sale);
  return pieces;
}

/** It forgets that "Ann" and "ann" are one customer. */
function careless(sales: readonly Sale[], partitions: number): Sale[][] {
  return split(sales, partitions, (sale) => placeOf(sale.customer, partitions));
}

function careful(sales: readonly Sale[], partitions: number): Sale[][] {
  return split(sales, partitions, (sale) => placeOf(sale.customer.toLowerCase(), partitions));
}

const laws = {
  rows: fc.record({ customer: fc.constantFrom('Ann', 'ann', 'Bob', 'Cleo'), amount: fc.integer({ min: 1, max: 9 }) }),
  key: (sale: Sale) => sale.customer.toLowerCase(),
  seed: 1,
};

for (const partitioner of [careless, careful]) {
  try {
    await checkShuffle(partitioner, laws);
    console.log(`${partitioner.name}: all laws hold`);
  } catch (e) {
    if (!(e instanceof LawError)) throw e;
    console.log(`${partitioner.name}: ${e.message}`);
  }
}
