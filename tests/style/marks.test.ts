import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inFolders, isSource, mask, PRODUCT, projectFiles, read } from './sources.ts';

const files = projectFiles();

function linesWith(text: string, pattern: RegExp, file: string): string[] {
  return text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : []));
}

/** Spelled in two parts, so that this file does not find itself. */
const word = (...parts: string[]) => parts.join('');

test('no work is left for later in the source', () => {
  const pattern = new RegExp(
    `\\b(${[word('TO', 'DO'), word('FIX', 'ME'), word('HA', 'CK'), word('XX', 'X')].join('|')})\\b`,
  );
  const found = files
    .filter((file) => isSource(file) && inFolders(file, [...PRODUCT, 'samples', 'tests', 'bench']))
    .flatMap((file) => linesWith(read(file), pattern, file));
  assert.equal(found, []);
});

test('the type checker is never silenced', () => {
  const directive = new RegExp(`@ts-${word('ig', 'nore')}|@ts-${word('no', 'check')}`);
  const found = files
    .filter((file) => isSource(file) && inFolders(file, [...PRODUCT, 'samples']))
    .flatMap((file) => [
      ...linesWith(read(file), directive, file),
      ...linesWith(mask(read(file)), /\bas any\b|<any>/, file),
    ]);
  assert.equal(found, []);
});

test('tracked files name no path of the machine they were written on', () => {
  const pattern = new RegExp(`(^|[^\\w.])/(${word('wo', 'rk')}|${word('ro', 'ot')}|${word('ho', 'me')}/\\w+)/`);
  const text = files.filter((file) => !/\.(parquet|arrow|gz|wasm|png|bin)$/.test(file) && file !== 'package-lock.json');
  assert.equal(
    text.flatMap((file) => linesWith(read(file), pattern, file)),
    [],
  );
});

test.run();
