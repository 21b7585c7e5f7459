import type * as Ast from '../../grammar/ast.ts';
import { make, name, text, type Value, valueNode } from './nodes.ts';

/** Options of a format, by the names that the language has for them: `{ delimiter: ';', nulls: ['', 'NA'] }`. */
export type FormatOptions = Readonly<Record<string, Value>>;

/** A source or a sink: a format, its path and its options. */
export class Format {
  readonly ast: Ast.FormatCall;

  constructor(format: string, path: string | readonly string[], options: FormatOptions = {}) {
    const pathNode = typeof path === 'string' ? text(path) : make('list', { items: path.map((one) => text(one)) });
    const given = Object.entries(options).map(([option, value]) =>
      make('arg', { name: name(option), value: valueNode(value) }),
    );
    this.ast = make('formatCall', {
      format: name(format),
      args: [make('arg', { name: null, value: pathNode }), ...given],
    });
  }
}

const of =
  (format: string) =>
  (path: string | readonly string[], options?: FormatOptions): Format =>
    new Format(format, path, options);

export const csv = of('csv');
export const tsv = of('tsv');
export const ndjson = of('ndjson');
export const json = of('json');
export const parquet = of('parquet');
export const arrow = of('arrow');
/** A stored model. */
export const model = of('model');

/** What a search may try for an option: see `range`, `uniform`, `logUniform`; a list is a choice. */
export class Space {
  readonly ast: Ast.Expr;

  constructor(ast: Ast.Expr) {
    this.ast = ast;
  }
}

/** Whole numbers, both ends included. */
export function range(low: number, high: number): Space {
  return new Space(make('range', { low: valueNode(low), high: valueNode(high) }));
}

const numbers =
  (called: string) =>
  (low: number, high: number): Space => {
    const args = [low, high].map((bound) => make('arg', { name: null, value: valueNode(bound) }));
    return new Space(make('call', { name: name(called), distinct: false, args }));
  };

/** Numbers, evenly spread. */
export const uniform = numbers('uniform');
/** Numbers whose logarithms are evenly spread. */
export const logUniform = numbers('log_uniform');

/** Options of an algorithm; spaces are for `tune`. */
export type AlgorithmOptions = Readonly<Record<string, Value | Space>>;

/** An algorithm of `train`, with its options by the language's names: `gbt({ trees: 200, learning_rate: 0.05 })`. */
export class Algorithm {
  readonly ast: Ast.Call;

  constructor(algorithm: string, options: AlgorithmOptions = {}) {
    const args = Object.entries(options).map(([option, value]) =>
      make('arg', { name: name(option), value: value instanceof Space ? value.ast : valueNode(value) }),
    );
    this.ast = make('call', { name: name(algorithm), distinct: false, args });
  }
}

const algorithm =
  (called: string) =>
  (options?: AlgorithmOptions): Algorithm =>
    new Algorithm(called, options);

export const linear = algorithm('linear');
export const logistic = algorithm('logistic');
export const gbt = algorithm('gbt');
