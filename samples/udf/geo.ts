/** Kilometers on a ball of the earth's size. */
export function haversine(lat1: number, lon1: number, lat2: number, lon2: number): number {
  const rad = (degrees: number): number => (degrees * Math.PI) / 180;
  const s = (x: number): number => Math.sin(rad(x) / 2) ** 2;
  return 12742 * Math.asin(Math.sqrt(s(lat2 - lat1) + Math.cos(rad(lat1)) * Math.cos(rad(lat2)) * s(lon2 - lon1)));
}

interface Flight {
  iata: string;
  km: number;
  flights: number;
}

/** A row for each class of distance that the flight belongs to. */
export function* classes({ iata, km, flights }: Flight): Generator<{ iata: string; class: string; flights: number }> {
  if (km < 500) yield { iata, class: 'short', flights };
  if (km > 3000) yield { iata, class: 'long', flights };
  yield { iata, class: 'any', flights };
}

/** The mean of distances, weighted by flights; in whole meters, so that no order of adding shows. */
export const weighted = {
  init: () => ({ meters: 0n, flights: 0n }),
  add(state: { meters: bigint; flights: bigint }, km: number, flights: number): void {
    state.meters += BigInt(Math.round(km * 1000)) * BigInt(flights);
    state.flights += BigInt(flights);
  },
  merge(a: { meters: bigint; flights: bigint }, b: { meters: bigint; flights: bigint }): void {
    a.meters += b.meters;
    a.flights += b.flights;
  },
  value: (state: { meters: bigint; flights: bigint }): number | null =>
    state.flights === 0n ? null : Number(state.meters / state.flights) / 1000,
};
