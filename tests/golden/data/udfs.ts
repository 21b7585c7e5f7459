/** Net amount, by a rate in percent. */
export const net = (amount: number, rate: number): number => Math.round(amount * (100 - rate)) / 100;

export function grade(status: string | null): string {
  return status === null ? 'none' : (status[0] ?? '').toUpperCase();
}

interface Order {
  id: number;
  amount: number | null;
}

/** One row for each 50 of the amount; none where there is no amount. */
export function* parts(row: Order): Generator<{ id: number; part: number }> {
  for (let left = row.amount ?? 0; left > 0; left -= 50) yield { id: row.id, part: Math.min(50, left) };
}

export const rate = async (status: string): Promise<number> => (status === 'ok' ? 0.5 : 0.25);

/** Shares of the batch's column; the same for every batch. */
export function doubled({ amount }: { amount: { values: Float64Array } }, rows: number): { twice: Float64Array } {
  const twice = new Float64Array(rows);
  for (let i = 0; i < rows; i++) twice[i] = 2 * (amount.values[i] ?? 0);
  return { twice };
}
