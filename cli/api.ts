// What the command needs from the library behind it. Everything is plain data: the command draws, the library works.
// A failure that the user can do something about is an Outcome; whatever is thrown counts as a bug of ours.
import type { Span } from '../grammar/ast.ts';
import type { Diagnostic } from '../grammar/diagnostics.ts';
import type { AccessRules } from '../index.ts';

export interface Api {
  run(request: RunRequest, reporter: RunReporter): Promise<Outcome<RunSummary>>;
  check(request: CheckRequest): Promise<Outcome<CheckSummary>>;
  /** Plans a run; nothing runs. */
  dryRun(request: FileRequest): Promise<Outcome<DryRun>>;
  schemasOfFlow(request: FileRequest): Promise<Outcome<readonly RelationSchema[]>>;
  schemaOfData(request: DataRequest): Promise<Outcome<readonly RelationSchema[]>>;
  /** What the program knows about verbs, functions, aggregates, formats and algorithms. */
  reference(): readonly ReferenceEntry[];
  explain(request: ExplainRequest): Promise<Outcome<string>>;
  /** Every code that a diagnostic or a run error can carry. */
  readonly errorPages: readonly ErrorPage[];
}

/** What `flowc explain-error` prints. */
export interface ErrorPage {
  readonly code: string;
  readonly title: string;
  /** Plain text, examples indented by four blanks. */
  readonly explanation: string;
}

export interface FileRequest {
  /** As the user wrote it, or `<stdin>`; it stands in spans, and imports are relative to it. */
  readonly path: string;
  readonly text: string;
  /** `-p name=value`, still text: the file says what type each has. */
  readonly params: ReadonlyMap<string, string | null>;
  /** What the flow may reach; undefined: everything. */
  readonly access?: AccessRules;
  /** Functions of the host language; false: refused. Times in milliseconds. */
  readonly udf?: false | { readonly timeout?: number; readonly concurrency?: number };
}

export interface CheckRequest extends FileRequest {
  /** Also what is likely not meant, or of no use. */
  readonly lint: boolean;
}

/** A data file. */
export interface DataRequest {
  readonly path: string;
  /** undefined: by the ending of the path. */
  readonly format: string | undefined;
  /** Options of the format, as a flow has them: `delimiter: ";"`. */
  readonly options: string | undefined;
  /** What may be read; undefined: everything. */
  readonly access?: AccessRules;
}

export interface RelationSchema {
  readonly name: string;
  readonly columns: readonly ResultColumn[];
  /** A `schema` statement with these columns. */
  readonly statement: string;
}

export interface DryRun {
  readonly reads: readonly {
    readonly format: string;
    readonly path: string;
    readonly files: number;
    /** null: not known before it is read. */
    readonly bytes: number | null;
    readonly rows: number | null;
    /** Those that are read, of all `width` columns. */
    readonly columns: readonly ResultColumn[];
    readonly width: number;
    readonly filter: string | null;
    readonly limit: number | null;
  }[];
  readonly writes: readonly {
    readonly format: string;
    readonly path: string;
    readonly columns: readonly ResultColumn[];
    readonly replaces: boolean;
  }[];
  readonly prints: readonly (readonly ResultColumn[])[];
  readonly stages: number;
}

export interface ReferenceEntry {
  readonly kind: string;
  readonly name: string;
  readonly aliases: readonly string[];
  readonly family: string;
  readonly heading: string;
  readonly form: string;
  readonly doc: string;
  readonly examples: readonly string[];
  readonly options: readonly {
    readonly name: string;
    readonly values: string;
    readonly default: string | null;
    readonly doc: string;
  }[];
}

export type ExplainFormat = 'text' | 'mermaid' | 'dot' | 'json';

export interface ExplainRequest extends FileRequest {
  readonly format: ExplainFormat;
  /** How expressions are computed, instead of the plans. */
  readonly kernels: boolean;
}

/** What happens to a pipeline that ends without `write`. */
export type OutFormat = 'table' | 'csv' | 'ndjson' | 'none';

export type ShuffleChoice = 'simple' | 'push' | 'auto';

export interface RunRequest extends FileRequest {
  /** undefined: as many as the machine and the data call for. */
  readonly workers: number | undefined;
  /** Bytes; undefined: the engine's share of the machine's memory. */
  readonly memory: number | undefined;
  /** Folders and `s3://` addresses. Empty: the system's folder for temporary files. */
  readonly spillDirs: readonly string[];
  /** false: nothing is spilled, and what does not fit fails. */
  readonly spill: boolean;
  /** Share of the memory from which on it spills ahead of need; undefined: the engine's. */
  readonly spillThreshold: number | undefined;
  /** Bytes that spill files may take; undefined: no cap. */
  readonly spillCap: number | undefined;
  readonly shuffle: ShuffleChoice | undefined;
  /** Figures of the run are wanted in the summary. */
  readonly stats: boolean;
  /** A file to write a trace of the run to, also when the run fails. */
  readonly trace: string | undefined;
  readonly out: OutFormat;
  /** Rows of a result that `reporter.result` gets at most. */
  readonly previewRows: number;
  readonly signal: AbortSignal;
}

export interface RunReporter {
  /** May be called as often as it changes; the command thins it out. */
  progress(progress: Progress): void;
  /** `--out table`: the first rows of a pipeline without `write`, in the order of the file. */
  result(table: ResultTable): Promise<void>;
  /** `--out csv | ndjson`: the next bytes for standard output. Resolves when it can take more. */
  output(bytes: Uint8Array): Promise<void>;
}

export interface Progress {
  /** What runs now, in the user's words, e.g. `summarize by carrier`. */
  readonly stage: string;
  /** From 1. */
  readonly stageIndex: number;
  readonly stageCount: number;
  /** Read from the sources so far. */
  readonly rows: number;
  readonly bytes: number;
  /** Bytes of all sources, where they are known. */
  readonly totalBytes: number | undefined;
  /** Share of the whole work that is done, 0 to 1; undefined where nothing is known of it. Never goes back; 1 only at the end. */
  readonly share: number | undefined;
  readonly spilledBytes: number;
  readonly elapsedMs: number;
}

/** Values as they are shown: dates, decimals, lists and structs come as text. */
export type Cell = string | number | bigint | boolean | null;

export interface ResultColumn {
  readonly name: string;
  /** As the language writes it: `int`, `decimal(12, 2)?`. */
  readonly type: string;
}

export interface ResultTable {
  /** Told apart by it where several pipelines print. */
  readonly title: string | undefined;
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly Cell[])[];
  /** There are more rows than these; how many is not known, because the run stopped when it had enough. */
  readonly more: boolean;
}

export interface WrittenFile {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
}

/** A condition of an `expect` step. */
export interface ExpectationSummary {
  readonly text: string;
  readonly message: string | null;
  /** `key`: of unique(…), each combination of its columns. */
  readonly each: 'row' | 'key' | 'relation';
  readonly action: 'error' | 'warn' | 'drop' | 'quarantine';
  readonly rows: number;
  readonly failed: number;
  /** The first one that fails. */
  readonly first: {
    readonly file?: string;
    readonly row?: number;
    readonly values: readonly { readonly column: string; readonly value: string | null }[];
  } | null;
  /** The same for people, where any fails. */
  readonly report: string | null;
}

export interface RunSummary {
  readonly expectations: readonly ExpectationSummary[];
  readonly rows: number;
  /** Rows left out on the flow's wish (`on_error: "reject"`). */
  readonly rejected: number;
  readonly bytes: number;
  readonly written: readonly WrittenFile[];
  readonly elapsedMs: number;
  readonly workers: number;
  /** The limit, and the most that was held at once. */
  readonly memoryBytes: number;
  readonly peakBytes: number;
  readonly spilledBytes: number;
  readonly spilledObjects: number;
  readonly restoredBytes: number;
  /** With `stats`: all figures, and the same as text. */
  readonly stats?: { readonly figures: object; readonly text: string };
}

export interface CheckSummary {
  /** A line for each `let` and sink: its name and its schema. */
  readonly relations: readonly { readonly name: string; readonly columns: readonly ResultColumn[] }[];
}

/** Why a run failed: data, disk, network, or a user's function. */
export interface RunFailure {
  readonly code: string;
  readonly message: string;
  readonly where: {
    readonly step?: string;
    /** The step in the .flow file. */
    readonly span?: Span;
    /** The data file. */
    readonly file?: string;
    /** 1-based. */
    readonly row?: number;
    readonly column?: string;
    readonly value?: string;
    /** Of a user's function that failed: its own frames. */
    readonly frames?: readonly string[];
  };
  readonly hint: string | undefined;
}

export type Outcome<T> =
  | { readonly status: 'done'; readonly value: T; readonly warnings: readonly Diagnostic[] }
  /** The file has errors. */
  | { readonly status: 'rejected'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly status: 'failed'; readonly failure: RunFailure; readonly warnings: readonly Diagnostic[] }
  /** The request's signal ended it, or the reader of standard output left a `write` step that goes there; nothing is left behind. */
  | { readonly status: 'cancelled'; readonly outputClosed?: boolean };
