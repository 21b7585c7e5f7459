import { LawError } from '../../testing/index.ts';

/** The law that is found broken. */
export async function broken(run: () => Promise<void>): Promise<LawError> {
  try {
    await run();
  } catch (e) {
    if (e instanceof LawError) return e;
    throw e;
  }
  throw new Error('no law is broken');
}
