import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RunError } from '../errors.ts';
import { importModule } from '../host/import_module.ts';

/** As much of the embedded SQL engine's module as is used here: it is an optional peer, so that nothing else may depend on its types. */
export interface DuckModule {
  readonly DuckDBInstance: { create(path: string, options: Readonly<Record<string, string>>): Promise<DuckInstance> };
  readonly DuckDBDataChunk: { create(types: readonly DuckType[], rows: number): DuckChunk };
  readonly DuckDBDecimalValue: new (value: bigint, width: number, scale: number) => object;
  readonly DuckDBDateValue: new (days: number) => object;
  readonly DuckDBTimeValue: new (micros: bigint) => object;
  readonly DuckDBTimestampValue: new (micros: bigint) => object;
  readonly DuckDBIntervalValue: new (months: number, days: number, micros: bigint) => object;
  readonly DuckDBBlobValue: new (bytes: Uint8Array) => object;
  readonly DuckDBListValue: new (items: readonly unknown[]) => object;
  readonly DuckDBStructValue: new (entries: Readonly<Record<string, unknown>>) => object;
  readonly DuckDBMapValue: new (entries: readonly { readonly key: unknown; readonly value: unknown }[]) => object;
}

export interface DuckInstance {
  connect(): Promise<DuckConnection>;
  closeSync(): void;
}

export interface DuckConnection {
  run(sql: string): Promise<unknown>;
  stream(sql: string): Promise<{ fetchChunk(): Promise<DuckChunk | null> }>;
  prepare(sql: string): Promise<DuckStatement>;
  extractStatements(sql: string): Promise<{ readonly count: number }>;
  createAppender(table: string): Promise<DuckAppender>;
  interrupt(): void;
  closeSync(): void;
}

export interface DuckStatement {
  readonly statementType: number;
  readonly parameterCount: number;
  readonly columnCount: number;
  columnName(i: number): string;
  columnType(i: number): DuckType;
  destroySync(): void;
}

export interface DuckAppender {
  columnType(i: number): DuckType;
  appendDataChunk(chunk: DuckChunk): void;
  closeSync(): void;
}

export interface DuckChunk {
  rowCount: number;
  readonly columnCount: number;
  getColumnValues(i: number): unknown[];
  setColumnValues(i: number, values: readonly unknown[]): void;
}

/** A type, with the members of those that have parts. */
export interface DuckType {
  readonly typeId: number;
  readonly width?: number;
  readonly scale?: number;
  readonly valueType?: DuckType;
  readonly keyType?: DuckType;
  readonly entryNames?: readonly string[];
  readonly entryTypes?: readonly DuckType[];
  toString(): string;
}

const PACKAGE = '@duckdb/node-api';

/** The module: beside flowc, or in the working folder's node_modules. Null where it is not installed. */
export async function loadDuck(): Promise<DuckModule | null> {
  try {
    return (await importModule(PACKAGE)) as DuckModule;
  } catch (e) {
    if (!isMissing(e)) throw e;
  }
  try {
    const path = createRequire(join(process.cwd(), 'flow.js')).resolve(PACKAGE);
    return (await importModule(pathToFileURL(path).href)) as DuckModule;
  } catch (e) {
    if (!isMissing(e)) throw e;
    return null;
  }
}

function isMissing(e: unknown): boolean {
  const code = (e as NodeJS.ErrnoException).code;
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
}

/** What to do about a missing module. */
export const INSTALL_HINT = `run npm install ${PACKAGE}`;

export interface DuckLimits {
  /** Bytes it may hold; beyond them it spills to the folder, or fails where there is none. */
  readonly memory: number;
  readonly folder: string | null;
}

/**
 * An empty database in memory that can reach nothing else: no files, no network, no extensions, and no statement that would allow them. One thread, so that rows and
 * sums of floats come out the same each time.
 */
export function openDuck(duck: DuckModule, { memory, folder }: DuckLimits): Promise<DuckInstance> {
  return duck.DuckDBInstance.create(':memory:', {
    memory_limit: `${Math.floor(memory / 1024)}KiB`,
    threads: '1',
    preserve_insertion_order: 'true',
    ...(folder === null ? { max_temp_directory_size: '0KB' } : { temp_directory: folder }),
    enable_external_access: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    lock_configuration: 'true',
  });
}

export function quoted(name: string): string {
  return `"${name.replace(/"/g, '""')}"`;
}

/** A message of the SQL engine as a run error; anything else passes. */
export function sqlError(e: unknown): unknown {
  if (e instanceof RunError || !(e instanceof Error)) return e;
  const { kind, message } = splitMessage(e.message);
  if (kind === 'Out of Memory')
    return new RunError(
      'FLOW7007',
      `the SQL engine: ${message}`,
      {},
      'give more with --memory, or let it spill with --spill-dir',
    );
  return new RunError('FLOW7020', `the SQL engine: ${message}`);
}

/** `Binder Error: Referenced column …`, and what stands below it. */
export function splitMessage(text: string): {
  kind: string;
  message: string;
  notes: string[];
  line: number | null;
  column: number | null;
} {
  const [first = '', ...rest] = text.replace(/^Failed to [a-z ]+: /, '').split('\n');
  const match = /^([A-Z][\w ]*?) Error: (.*)$/.exec(first);
  const at = rest.findIndex((line) => /^LINE \d+: /.test(line));
  const place = at < 0 ? null : placeOf(rest[at] ?? '', rest[at + 1] ?? '');
  const notes = (at < 0 ? rest : rest.slice(0, at)).map((line) => line.trim()).filter((line) => line !== '');
  const message = match?.[2] ?? first;
  return { kind: match?.[1] ?? '', message, notes, line: place?.line ?? null, column: place?.column ?? null };
}

/** From 1, and from 0; a line that was cut for the message has no column. */
function placeOf(line: string, marks: string): { line: number; column: number | null } {
  const head = /^LINE (\d+): /.exec(line)?.[0] ?? '';
  const caret = marks.indexOf('^') - head.length;
  const cut = line.startsWith('...', head.length);
  return { line: Number(/\d+/.exec(head)?.[0] ?? 1), column: caret < 0 || cut ? null : caret };
}
