import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { api } from '../../cli/backend.ts';
import { compilerRegistries } from '../../compiler/diagnostics.ts';
import { RUN_ERROR_CODES } from '../../engine/errors.ts';
import { syntax } from '../../grammar/syntax_codes.ts';

test('every code that can be printed has a page, and no code has two', () => {
  const codes = [syntax, ...compilerRegistries].flatMap((registry) => Object.values(registry).map((def) => def.code));
  const known = api.errorPages.map((page) => page.code);
  assert.equal([...known].sort(), [...codes, ...Object.keys(RUN_ERROR_CODES)].sort());
  assert.is(new Set(known).size, known.length);
});

test('a page says more than its title', () => {
  for (const { code, title, explanation } of api.errorPages) {
    assert.ok(title.length > 0, `${code} has a title`);
    assert.ok(explanation.length > title.length + 20, `${code} explains`);
    assert.not.match(explanation, /[^\n]{140}/, `${code} fits a terminal`);
  }
});

test.run();
