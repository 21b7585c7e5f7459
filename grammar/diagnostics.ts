/**
 * Diagnostics: what is told about a user's mistake. A diagnostic is one entry of a registry (code, title, long
 * explanation, typed parameters, message formatter), and an occurrence of it is plain data. Every layer defines
 * its own registry with {@link defineDiagnostics}: FLOW1xxx syntax (grammar/syntax_codes.ts), FLOW2xxx names,
 * FLOW3xxx types, FLOW4xxx plan, FLOW5xxx sources, FLOW6xxx lints.
 */
import type { Span } from './ast.ts';

export type Severity = 'error' | 'warning';

export interface Suggestion {
  /** What to do, as the end of a sentence: "write `==`". */
  readonly text: string;
  /** The text that replaces `span`, where the fix can be made by a tool. */
  readonly replacement?: string;
  /** What is replaced; the diagnostic's own span when left out. An empty span inserts. */
  readonly span?: Span;
}

export interface Related {
  readonly span: Span;
  readonly message: string;
}

export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly span: Span;
  /** What was expected, the types or the names in scope: one line each. */
  readonly notes?: readonly string[];
  readonly suggestion?: Suggestion;
  readonly related?: readonly Related[];
}

/** One entry of a registry. `P` are the parameters of its message. */
export interface DiagnosticDef<P> {
  /** "FLOW" and four digits. Stable: never given to another meaning. */
  readonly code: string;
  readonly title: string;
  /** An error unless stated otherwise. */
  readonly severity?: Severity;
  /** The page that `flowc explain-error CODE` prints: plain text, examples indented by four blanks. */
  readonly explanation: string;
  readonly message: (params: P) => string;
}

/** Gives one entry its parameter type: `entry<{ name: string }>({ … })`. */
export function entry<P>(def: DiagnosticDef<P>): DiagnosticDef<P> {
  return def;
}

export type DiagnosticRegistry = Readonly<Record<string, DiagnosticDef<never>>>;

/**
 * Makes a registry of diagnostics. Throws when a code is malformed or used twice, which is a bug of ours and is
 * found by the first import.
 */
export function defineDiagnostics<const T extends DiagnosticRegistry>(defs: T): T {
  const seen = new Map<string, string>();
  for (const [name, def] of Object.entries(defs)) {
    if (!/^FLOW\d{4}$/.test(def.code)) throw new Error(`diagnostic ${name}: malformed code ${def.code}`);
    const other = seen.get(def.code);
    if (other !== undefined) throw new Error(`diagnostics ${other} and ${name} share the code ${def.code}`);
    seen.set(def.code, name);
  }
  return Object.freeze(defs);
}

/** What a diagnostic can carry besides its message. */
export interface DiagnosticExtras {
  readonly notes?: readonly string[] | undefined;
  readonly suggestion?: Suggestion | undefined;
  readonly related?: readonly Related[] | undefined;
}

/** One occurrence of `def` at `span`. Empty extras are left out of the object. */
export function diagnostic<P>(
  def: DiagnosticDef<P>,
  params: NoInfer<P>,
  span: Span,
  extras: DiagnosticExtras = {},
): Diagnostic {
  const { notes, suggestion, related } = extras;
  return {
    code: def.code,
    severity: def.severity ?? 'error',
    message: readable(def.message(params)),
    span,
    ...(notes !== undefined && notes.length > 0 ? { notes } : {}),
    ...(suggestion !== undefined ? { suggestion } : {}),
    ...(related !== undefined && related.length > 0 ? { related } : {}),
  };
}

/** Names and texts of a file stand in messages; a giant one is cut. */
const MAX_MESSAGE = 2000;

function readable(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE / 2)} … ${message.slice(-100)}`;
}

/** The entry with that code (any case, `FLOW` optional) in the registries given, or null. */
export function findDiagnostic(code: string, registries: readonly DiagnosticRegistry[]): DiagnosticDef<never> | null {
  const upper = code.trim().toUpperCase();
  const wanted = upper.startsWith('FLOW') ? upper : `FLOW${upper}`;
  for (const registry of registries) {
    for (const def of Object.values(registry)) if (def.code === wanted) return def;
  }
  return null;
}

/** Orders diagnostics by file, then position, then code: the order in which they are shown. */
export function sortDiagnostics(list: readonly Diagnostic[]): Diagnostic[] {
  return [...list].sort(
    (a, b) =>
      (a.span.file < b.span.file ? -1 : a.span.file > b.span.file ? 1 : 0) ||
      a.span.start - b.span.start ||
      a.span.end - b.span.end ||
      (a.code < b.code ? -1 : a.code > b.code ? 1 : 0),
  );
}

export function hasErrors(list: readonly Diagnostic[]): boolean {
  return list.some((item) => item.severity === 'error');
}
