/** Kilometres between two points on a sphere. */
export function haversine(lat1: number, lon1: number, lat2: number, lon2: number): number {
  const rad = Math.PI / 180;
  const a =
    Math.sin(((lat2 - lat1) * rad) / 2) ** 2 +
    Math.cos(lat1 * rad) * Math.cos(lat2 * rad) * Math.sin(((lon2 - lon1) * rad) / 2) ** 2;
  return 2 * 6371 * Math.asin(Math.sqrt(a));
}

interface Point {
  id: bigint;
  user_id: string;
  km: number;
}

/** Whole kilometres; points in the same place are left out. */
export function clean_row(row: Point): Point | null {
  return row.km < 1 ? null : { ...row, km: Math.round(row.km) };
}
