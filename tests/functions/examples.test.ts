import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluateConstant } from '../../engine/expr/compile.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import { formatValue } from '../../engine/functions/format.ts';
import { FUNCTIONS } from '../../engine/functions/registry.ts';
import type { DataType } from '../../engine/types.ts';
import { read } from './mini.ts';

/** A value as examples write it. */
function show(t: DataType, v: LiteralValue): string {
  if (v === null) return 'null';
  if (t.kind === 'string') return JSON.stringify(v);
  if (t.kind === 'list') return `[${(v as readonly LiteralValue[]).map((x) => show(t.item.type, x)).join(', ')}]`;
  return (t.kind === 'date' || t.kind === 'timestamp' ? '@' : '') + formatValue(t, v);
}

for (const def of Object.values(FUNCTIONS)) {
  for (const [text, result] of def.examples) {
    test(`${text} is ${result}`, () => {
      const e = read(text);
      assert.is(show(e.type, evaluateConstant(e)), result);
    });
  }
}

test('every function has a description, a signature, an example or a reason to have none', () => {
  const without = Object.values(FUNCTIONS).filter((d) => d.examples.length === 0);
  assert.equal(
    without.map((d) => d.name),
    [],
  );
  for (const def of Object.values(FUNCTIONS)) {
    assert.ok(def.doc.endsWith('.'), `${def.name}: the description is a sentence`);
    if (def.family !== 'operator') assert.ok(def.signature.startsWith(`${def.name}(`), `${def.name}: ${def.signature}`);
  }
});

test('names and aliases are used once', () => {
  const names = Object.values(FUNCTIONS).flatMap((d) => [d.name, ...(d.aliases ?? [])]);
  assert.equal(
    names.filter((n, k) => names.indexOf(n) !== k),
    [],
  );
});

test.run();
