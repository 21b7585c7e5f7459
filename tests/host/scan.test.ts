import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Export, type FunctionExport, scanModule } from '../../compiler/host/scan.ts';
import { tokensOf } from '../../compiler/host/tokens.ts';
import type { TsType } from '../../compiler/host/ts_types.ts';
import { typedOf } from '../../compiler/host/typed.ts';
import { formatType } from '../../engine/types.ts';

/** The exports of a module as lines. */
function scanned(source: string): string[] {
  const scan = scanModule(source);
  const type = (t: TsType | null): string => {
    const typed = t === null ? null : typedOf(t, scan.types);
    return t === null ? '-' : typed === null ? '?' : formatType(typed.type, typed.nullable);
  };
  const fn = (f: FunctionExport): string =>
    `${f.async ? 'async ' : ''}${f.generator ? '*' : ''}(${f.params.map((p) => `${p.rest ? '...' : ''}${p.name}${p.optional ? '?' : ''}: ${type(p.type)}`).join(', ')}) -> ${type(f.result)}`;
  const text = (e: Export): string =>
    e.kind === 'function'
      ? fn(e)
      : e.kind === 'object'
        ? `{ ${[...e.members].map(([name, f]) => `${name}${fn(f)}`).join('; ')} }`
        : '?';
  return [...[...scan.exports].map(([name, e]) => `${name} ${text(e)}`), ...(scan.open ? ['*'] : [])];
}

test('functions in all their forms', () => {
  assert.equal(
    scanned(`
      export function a(x: number, y?: string, z = 1, ...rest: number[]): boolean { return x / 2 > 1 && /[/"]}/.test(y) }
      export async function b(x: Date): Promise<string | null> { return \`\${ { c: '}' }.c }\`; }
      export function* c(row: { id: number }): Generator<{ id: number }> {}
      export const d = (x: number): number => x * 2, e = async (x: bigint): Promise<bigint> => x;
      export const f = function (x: boolean): boolean { return !x; };
      export const g = x => x;
      export const h: (a: string, b?: number | undefined) => boolean | null = (a, b) => true;
      export let i = <T,>(x: T): string => String(x);
      function j({ a, b }: { a: number; b: string }, [c]: number[]): void {}
      export { j, j as k };
      export default function (x: string): string { return x; }
    `),
    [
      'a (x: float, y?: string, z?: -, ...rest: list<float>) -> bool',
      'b async (x: timestamp) -> string?',
      'c *(row: { id: float }) -> list<{ id: float }>',
      'd (x: float) -> float',
      'e async (x: int) -> int',
      'f (x: bool) -> bool',
      'g (x: -) -> -',
      'h (a: string, b?: float?) -> bool?',
      'i (x: ?) -> string',
      'j (: { a: float, b: string }, : list<float>) -> ?',
      'k (: { a: float, b: string }, : list<float>) -> ?',
      'default (x: string) -> string',
    ],
  );
});

test('types: interfaces, aliases, unions, containers', () => {
  assert.equal(
    scanned(`
      interface Point { readonly lat: number; lon: number, tag?: 'a' | 'b'; 'odd name': Uint8Array }
      type Maybe = Point | null | undefined;
      type Tree = { kids: Tree[] };
      interface Child extends Point { z: number }
      export function a(p: Maybe): Array<Point> {}
      export function b(p: ReadonlyArray<string | null>, m: Record<string, number>, n: Map<string, Date[]>): (number)[] {}
      export function c(t: Tree): any {}
      export function d(u: string | number, v: unknown, w: Child): [number, string] {}
      export function e(p: Point & { k: bigint }): x is string {}
      export function f(p: Readonly<Partial<Point>>): Float64Array {}
      export function g(f: (x: number) => string): number | string extends infer U ? U : never {}
    `),
    [
      'a (p: { lat: float, lon: float, tag: string?, odd name: bytes }?) -> list<{ lat: float, lon: float, tag: string?, odd name: bytes }>',
      'b (p: list<string?>, m: map<string, float>, n: map<string, list<timestamp>>) -> list<float>',
      'c (t: ?) -> ?',
      'd (u: ?, v: ?, w: { lat: float, lon: float, tag: string?, odd name: bytes, z: float }) -> ?',
      'e (p: { lat: float, lon: float, tag: string?, odd name: bytes, k: int }) -> bool',
      'f (p: { lat: float?, lon: float?, tag: string?, odd name: bytes? }) -> list<float>',
      'g (f: ?) -> ?',
    ],
  );
});

test('objects, what comes from elsewhere, and what only looks like an export', () => {
  assert.equal(
    scanned(`
      // export function no1() {}
      /* export function no2() {} */
      const text = "export function no3() {}"; const t2 = \`export function no4() {} \${"}"}\`;
      function inner() { function no5() {} return { no6() {} } }
      export const wavg = {
        init: () => ({ s: 0, n: 0 }),
        add(state: S, x: number, w: number | null) { return state; },
        'merge': (a, b) => a,
        value(state): number | null { return state.n ? state.s / state.n : null; },
        other: 3,
      } satisfies Aggregate;
      export { far, type T } from './far.js';
      export * from './all.js';
      export * as ns from './ns.js';
      export const made = limit(async (x) => x);
      export class K { m(): void {} }
      export type A = number; export interface B { x: number }
      export enum C { x }
    `),
    [
      'wavg { init() -> -; add(state: ?, x: float, w: float?) -> -; merge(a: -, b: -) -> -; value(state: -) -> float? }',
      'far ?',
      'ns ?',
      'made ?',
      '*',
    ],
  );
});

test('text that is no module never fails', () => {
  const pieces = [
    'export ',
    'function ',
    'f',
    '(',
    ')',
    '{',
    '}',
    '<',
    '>',
    ':',
    '=',
    '=>',
    '`',
    '${',
    '"',
    '/',
    '*/',
    '/*',
    '[',
    ']',
    '|',
    'const ',
    'a',
    ',',
    ';',
    '\\',
    '\n',
  ];
  let seed = 1;
  const next = (n: number): number => {
    seed = (seed * 48271) % 2147483647;
    return seed % n;
  };
  for (let i = 0; i < 2000; i++) {
    const text = Array.from({ length: next(40) }, () => pieces[next(pieces.length)]).join('');
    scanModule(text);
    assert.is(tokensOf(text).at(-1)?.kind, 'end');
  }
});

test.run();
