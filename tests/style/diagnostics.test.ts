import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compilerRegistries } from '../../compiler/diagnostics.ts';
import { syntax } from '../../grammar/syntax_codes.ts';
import { casesFolder, readScript } from '../diagnostics/script.ts';

const codes = [syntax, ...compilerRegistries].flatMap((registry) => Object.values(registry).map((def) => def.code));

test('every diagnostic has a case that shows it', () => {
  const missing = codes.filter((code) => !existsSync(join(casesFolder, `${code}.txt`)));
  const how =
    'write tests/diagnostics/cases/CODE.txt (=== line, flow, --- line), then UPDATE=1 node --import tsx tests/diagnostics/cases.test.ts';
  assert.equal(missing, [], how);
});

test('the cases of a code raise it', () => {
  for (const code of codes) {
    const path = join(casesFolder, `${code}.txt`);
    if (!existsSync(path)) continue;
    const { cases } = readScript(path);
    assert.ok(cases.length > 0, `${code}.txt has a case`);
    for (const one of cases) assert.ok(one.expected.includes(`[${code}]`), `${code}.txt: ${one.flow}`);
  }
});

test.run();
