import * as fs from 'node:fs';
import * as path from 'node:path';
import { type CompileOptions, check, type Diagnostic, type Engine, plan } from '../../index.ts';
import { tempDir } from '../e2e/harness.ts';
import { rows } from '../golden/script.ts';

/** A folder with these files in it. */
export function folder(files: Readonly<Record<string, string>>): string {
  const dir = tempDir();
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    fs.writeFileSync(path.join(dir, name), text);
  }
  return dir;
}

/** The rows of a flow of the folder, as CSV. Diagnostics are thrown as one error. */
export async function rowsOf(dir: string, flow: string, engine: Engine, options: CompileOptions = {}): Promise<string> {
  const bound = await check(flow, path.join(dir, 'test.flow'), { cwd: dir, ...options });
  if (bound.plan === null) throw new Error(bound.diagnostics.map((d) => `${d.code} ${d.message}`).join('\n'));
  return rows((await plan(bound.plan, options)).physical, engine);
}

export async function diagnosticsOf(
  dir: string,
  flow: string,
  options: CompileOptions = {},
): Promise<readonly Diagnostic[]> {
  return (await check(flow, path.join(dir, 'test.flow'), { cwd: dir, ...options })).diagnostics;
}
