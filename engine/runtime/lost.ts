import { RunError } from '../errors.ts';
import type { ObjectId } from '../store/types.ts';

/** The object that an error says is lost; null for any other error. */
export function lostObject(e: unknown): ObjectId | null {
  return e instanceof RunError && e.code === 'FLOW7008' && e.where.object !== undefined ? e.where.object : null;
}
