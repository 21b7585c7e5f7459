// The input of bench/csv.mjs: seven typed columns, one row in ten with quotes around a delimiter, one in thirty with doubled quotes.
import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { DATA } from './data.mjs';

const WORDS = 'red green blue fox jumps lazy dog quick brown alpha beta gamma delta'.split(' ');
const FLAGS = 'A N R AIR TRUCK RAIL SHIP MAIL'.split(' ');
const two = (x) => String(x).padStart(2, '0');

/** Two 32-bit numbers a row, the same in every run. */
function* numbers() {
  let state = 0x9e3779b9;
  for (;;) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0;
    yield (state ^ (state >>> 13)) >>> 0;
  }
}

function row(n, a, b) {
  const quantity = 1 + (a % 50);
  const words = [a % 13, (a >>> 5) % 13, (a >>> 10) % 13].map((i) => WORDS[i]).join(' ');
  let comment = words;
  if (b % 10 === 0) comment = `"${words}, ${WORDS[(a >>> 15) % 13]}"`;
  else if (b % 30 === 1) comment = `"say ""${words}"" now"`;
  const price = ((quantity * (900 + (b % 100000))) / 100).toFixed(2);
  const day = `${1992 + ((b >>> 8) % 7)}-${two(1 + ((b >>> 12) % 12))}-${two(1 + ((b >>> 16) % 28))}`;
  return `${n * 7 + 13},${quantity},${price},0.${two(b % 11)},${day},${FLAGS[(b >>> 21) % 8]},${comment}\n`;
}

/** At least `megabytes` MB; the path. */
export function tableCsv(megabytes) {
  mkdirSync(DATA, { recursive: true });
  const path = `${DATA}table-${megabytes}m.csv`;
  if (existsSync(path)) return path;
  const random = numbers();
  const file = openSync(`${path}.tmp`, 'w');
  let size = writeSync(file, 'id,qty,price,disc,ship,flag,comment\n');
  for (let n = 0; size < megabytes * 1e6; ) {
    let text = '';
    for (let i = 0; i < 20000; i++) text += row(n++, random.next().value, random.next().value);
    size += writeSync(file, text);
  }
  closeSync(file);
  renameSync(`${path}.tmp`, path);
  return path;
}
