// Scripts of diagnostics: one file for each code, in which flows stand above what is said about them.
//
//   A line or two for the reader.
//   ===
//   -p name=value          optional: parameters, a line each
//   --allow-read path      optional: what may be read or written, a line each
//   --no-udf               optional: functions of the host language are forbidden
//   --without sql          optional: an installation without the SQL engine, or `--without writer of csv`: one whose formats are others
//   --blanks n             optional: so many blanks behind the flow
//   the flow; its data lies in tests/diagnostics/data
//   ---
//   every diagnostic of it, or the error of its run, as the command prints them
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { diagnosticsText } from '../../cli/diagnostics.ts';
import { reportProblems } from '../../cli/report.ts';
import type { CompileOptions } from '../../compiler/compile.ts';
import { fileCatalog, type SourceCatalog } from '../../compiler/sources.ts';
import type { Diagnostic } from '../../grammar/diagnostics.ts';
import { check, type Engine, plan, RunError } from '../../index.ts';
import { fakeContext } from '../cli/fakes.ts';

const here = dirname(fileURLToPath(import.meta.url));
export const casesFolder = join(here, 'cases');
/** Flows of the cases run in it. */
export const dataFolder = join(here, 'data');
const FILE = 'case.flow';

export interface Case {
  readonly flow: string;
  readonly params: Readonly<Record<string, string>>;
  /** What may be done, and what there is to do it with. */
  readonly options: CompileOptions;
  /** The text above the `---`, as it stands there. */
  readonly input: string;
  readonly expected: string;
}

export interface Script {
  readonly intro: string;
  readonly cases: readonly Case[];
}

export function readScript(path: string): Script {
  const [intro = '', ...parts] = readFileSync(path, 'utf8').split(/^===\n/m);
  return { intro, cases: parts.map(readCase) };
}

function readCase(part: string): Case {
  const [input = '', expected = ''] = part.split(/^---\n/m);
  const params: Record<string, string> = {};
  const flow = input.replace(/^-p (\w+)=(.*)\n/gm, (_, name: string, value: string) => {
    params[name] = value;
    return '';
  });
  const allowed = (kind: string) =>
    [...flow.matchAll(new RegExp(`^--allow-${kind} (.*)\n`, 'gm'))].map((m) => m[1] ?? '');
  const [allowRead, allowWrite] = [allowed('read'), allowed('write')];
  const without = [...flow.matchAll(/^--without (.*)\n/gm)].map((m) => m[1] ?? '');
  const options = {
    ...(allowRead.length > 0 ? { allowRead } : {}),
    ...(allowWrite.length > 0 ? { allowWrite } : {}),
    ...(/^--no-udf\n/m.test(flow) ? { udf: false as const } : {}),
    ...(without.length > 0 ? { sources: lacking(without) } : {}),
  };
  const blanks = ' '.repeat(Number(/^--blanks (\d+)\n/m.exec(flow)?.[1] ?? 0));
  const rest = flow.replace(/^--(allow-read|allow-write|no-udf|without|blanks)\b.*\n/gm, '');
  return { flow: rest.replace(/\n$/, blanks), params, options, input, expected: expected.trimEnd() };
}

/** The catalog of an installation that lacks the SQL engine, or writers of formats. */
function lacking(without: readonly string[]): SourceCatalog {
  const whole = fileCatalog();
  const readOnly = Object.entries(whole.formats).map(([name, def]) =>
    without.includes(`writer of ${name}`) ? [name, { ...def, writer: null }] : [name, def],
  );
  const sqlEngine = without.includes('sql') ? () => Promise.resolve(null) : whole.sqlEngine;
  return { ...whole, formats: Object.fromEntries(readOnly), sqlEngine };
}

export function writeScript(intro: string, cases: readonly { input: string; seen: string }[]): string {
  return intro + cases.map(({ input, seen }) => `===\n${input}---\n${seen}\n`).join('');
}

export async function diagnose(
  { flow, params = {}, options = {} }: Pick<Case, 'flow'> & Partial<Case>,
  lint = false,
): Promise<readonly Diagnostic[]> {
  return (await check(flow, FILE, { params, lint, ...options })).diagnostics;
}

/** Everything that is said about the flow. Data files stand with their names alone. */
export async function play({ flow, params, options }: Case, engine: () => Engine, lint: boolean): Promise<string> {
  const context = fakeContext();
  const source = { path: FILE, text: flow };
  const bound = await check(flow, FILE, { params, lint, ...options });
  let text = diagnosticsText(bound.diagnostics, source, context.stderrStyle);
  if (bound.plan !== null) {
    try {
      const { results } = await engine().run((await plan(bound.plan)).physical);
      for (const result of results) result.release();
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      const { code, message, where, hint } = error;
      await reportProblems(
        { status: 'failed', failure: { code, message, where, hint }, warnings: [] },
        source,
        context,
      );
      text += context.stderr.text();
    }
  }
  return text.replaceAll(dataFolder, 'data').trimEnd();
}

/** The flow with the fix of the diagnostic made; null where it has none that a tool could make. */
export function fixed(flow: string, { suggestion, span }: Diagnostic): string | null {
  if (suggestion?.replacement === undefined) return null;
  const at = suggestion.span ?? span;
  return flow.slice(0, at.start) + suggestion.replacement + flow.slice(at.end);
}
