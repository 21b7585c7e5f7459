import { daysOf } from './calendar.ts';
import { floorDiv, type Int } from './ints.ts';

/** Offsets change on the quarter hour at the finest: one look-up serves that long. */
const QUARTER = 900_000_000;

interface Zone {
  readonly format: Intl.DateTimeFormat;
  readonly offsets: Map<number, number>;
}

const ZONES = new Map<string, Zone>();
/** Look-ups kept for a zone. */
const KEPT = 20_000;
/** Zones kept: more than there are, as names may be written in capitals or not. */
const MOST_ZONES = 1000;

function zoneOf(name: string): Zone {
  let zone = ZONES.get(name);
  if (zone === undefined) {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    zone = { format, offsets: new Map() };
    if (ZONES.size >= MOST_ZONES) ZONES.delete(ZONES.keys().next().value as string);
    ZONES.set(name, zone);
  }
  return zone;
}

/** Zones that are kept now. */
export function zonesKept(): number {
  return ZONES.size;
}

/** Whether the name is a time zone (IANA, or UTC). */
export function isZone(name: string): boolean {
  try {
    zoneOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Seconds east of UTC that the zone shows at an instant (microseconds since 1970 UTC). */
export function zoneOffset(name: string, micros: Int): number {
  const zone = zoneOf(name);
  const bucket = floorDiv(micros, QUARTER);
  let offset = zone.offsets.get(bucket);
  if (offset === undefined) {
    offset = lookUp(zone.format, bucket * 900);
    if (zone.offsets.size >= KEPT) zone.offsets.clear();
    zone.offsets.set(bucket, offset);
  }
  return offset;
}

/** Beyond the range of the platform's calendar (about 270 000 years) there is no offset to know: 0. */
const LAST_SECOND = 8_640_000_000_000;

function lookUp(format: Intl.DateTimeFormat, seconds: number): number {
  if (Math.abs(seconds) > LAST_SECOND) return 0;
  const part: Record<string, string> = {};
  for (const p of format.formatToParts(seconds * 1000)) part[p.type] = p.value;
  const year = part.era === 'BC' ? 1 - Number(part.year) : Number(part.year);
  const days = daysOf(year, Number(part.month), Number(part.day));
  return days * 86400 + Number(part.hour) * 3600 + Number(part.minute) * 60 + Number(part.second) - seconds;
}

/** The instant at which the zone's clocks show `local` (microseconds as if UTC); of two, the earlier; in a gap, the clock before it goes on. */
export function fromLocal(name: string, local: Int): Int {
  const move = (seconds: number): Int =>
    typeof local === 'bigint' ? local - BigInt(seconds * 1e6) : local - seconds * 1e6;
  const before = zoneOffset(name, move(86400));
  const after = zoneOffset(name, move(-86400));
  const early = move(before);
  if (before === after || zoneOffset(name, early) === before) return early;
  const late = move(after);
  return zoneOffset(name, late) === after ? late : early;
}
