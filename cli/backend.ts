import type { DiagnosticRegistry } from '../grammar/diagnostics.ts';
import { syntax } from '../grammar/syntax_codes.ts';
import type { Api, ErrorPage } from './api.ts';
import { runErrorPages } from './run_pages.ts';

/** Every registry of diagnostics whose codes `explain-error` knows. */
const REGISTRIES: readonly DiagnosticRegistry[] = [syntax];

const pages: readonly ErrorPage[] = [
  ...REGISTRIES.flatMap((registry) =>
    Object.values(registry).map(({ code, title, explanation }) => ({ code, title, explanation })),
  ),
  ...runErrorPages,
];

const unconnected = () => Promise.reject(new Error('the compiler is not connected to the command'));

export const api: Api = { errorPages: pages, run: unconnected, check: unconnected, explain: unconnected };
