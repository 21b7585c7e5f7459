import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PRODUCT, root } from './sources.ts';

interface Report {
  readonly diagnostics: readonly {
    readonly message: string;
    readonly filename: string;
    readonly labels: readonly { readonly span: { readonly line: number } }[];
  }[];
  readonly number_of_files: number;
  readonly number_of_rules: number;
}

/** The linter's own parser measures: files of at most 400 lines of code, functions of at most 70; comments are free. */
test('files and functions of the product stay short', () => {
  const folders = PRODUCT.filter((folder) => existsSync(join(root, folder)));
  const lint = spawnSync(
    process.execPath,
    ['node_modules/oxlint/bin/oxlint', '-c', 'tests/style/size.oxlintrc.json', '--format', 'json', ...folders],
    { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  const report: Report = JSON.parse(lint.stdout);
  assert.ok(report.number_of_files > 10, 'the linter looked at the source');
  assert.is(report.number_of_rules, 2);
  assert.equal(
    report.diagnostics.map(({ filename, labels, message }) => `${filename}:${labels[0]?.span.line}: ${message}`),
    [],
  );
});

test.run();
