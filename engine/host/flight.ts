/** How often a cancelled run is noticed while calls are in flight. */
const LOOK_MS = 50;

/** What went wrong with the first of many. */
export class FlightError extends Error {
  override readonly name = 'FlightError';
  readonly index: number;

  constructor(index: number, cause: unknown) {
    super('one of many calls failed', { cause });
    this.index = index;
  }
}

/**
 * Starts `n` pieces of work in order, at most `limit` of them in flight, and gives their results in order. The first one that fails, in their order and not in that of time,
 * is told by a FlightError; none is started behind it. `check` throws when the run was cancelled.
 */
export async function inFlight(
  n: number,
  limit: number,
  start: (i: number) => unknown,
  check: () => void,
): Promise<unknown[]> {
  const results = new Array<unknown>(n);
  let next = 0;
  const failures: FlightError[] = [];
  const lane = async (): Promise<void> => {
    while (next < n && failures.length === 0) {
      const i = next++;
      try {
        results[i] = await start(i);
      } catch (e) {
        failures.push(new FlightError(i, e));
      }
    }
  };
  await watched(Promise.all(Array.from({ length: Math.min(limit, n) }, lane)), check);
  const [first, ...others] = failures;
  if (first !== undefined) throw others.reduce((a, b) => (b.index < a.index ? b : a), first);
  return results;
}

async function watched(work: Promise<unknown>, check: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const cancelled = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      try {
        check();
      } catch (e) {
        reject(e);
      }
    }, LOOK_MS);
  });
  try {
    await Promise.race([work, cancelled]);
  } finally {
    clearInterval(timer);
  }
}
