interface Point {
  lat: number;
  lon: number;
}

export function distance(lat: number, lon: number, unit?: string): number {
  return Math.hypot(lat, lon) * (unit === 'mi' ? 0.62 : 1);
}

export const locate = async (name: string): Promise<Point | null> => (name === '' ? null : { lat: 1, lon: 2 });

export const total = {
  init: (): number => 0,
  add: (state: number, x: number): number => state + x,
  merge: (a: number, b: number): number => a + b,
  value: (state: number): number => state,
};

export const label = (name: string, ...parts: string[]): string => [name, ...parts].join(' ');
