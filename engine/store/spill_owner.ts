import * as fs from 'node:fs';
import { hostname } from 'node:os';

/** `flowc-<process id>-<random>`: one folder a store in each place it spills to. */
export const SPILL_FOLDER = /^flowc-(\d+)-[0-9a-f]{12}$/;
/** Says in each such folder whose it is. */
export const OWNER_FILE = 'owner.json';

/** The process that a spill folder belongs to. */
export interface Owner {
  readonly pid: number;
  /** Start of the process in the system's own clock ticks; null where the system does not tell. */
  readonly started: string | null;
  readonly host: string;
}

/** This process. */
export function ownOwner(): Owner {
  return { pid: process.pid, started: startOf(process.pid), host: hostname() };
}

/** Whether the process is known to run no longer: of other machines nothing is known. */
export function isGone(owner: Owner): boolean {
  if (owner.host !== hostname()) return false;
  if (!isAlive(owner.pid)) return true;
  return owner.started !== null && startOf(owner.pid) !== owner.started;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Process numbers are used again; number and start together are not. */
function startOf(pid: number): string | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses and may hold anything; the start is the 22nd.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
