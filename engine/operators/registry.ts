import { aggregate } from './aggregate.ts';
import { compute } from './compute.ts';
import type { OperatorDef } from './def.ts';
import { distinct } from './distinct.ts';
import { expect } from './expect.ts';
import { explode } from './explode.ts';
import { call } from './host_call.ts';
import { join } from './join.ts';
import { keyFilter } from './key_filter.ts';
import { lookup } from './lookup.ts';
import { mapBatches } from './map_batches.ts';
import { mapRows } from './map_rows.ts';
import { number } from './number.ts';
import { place } from './place.ts';
import { evaluate, predict } from './predict.ts';
import { repeat } from './repeat.ts';
import { single } from './single.ts';
import { sort } from './sort.ts';
import { sql } from './sql.ts';
import { train } from './train.ts';
import { trial, trials } from './tune.ts';
import { unpivot } from './unpivot.ts';
import { window } from './window.ts';

/** Every operator of the engine by name; one line each. */
export const OPERATORS = {
  compute,
  aggregate,
  distinct,
  expect,
  sort,
  single,
  repeat,
  join,
  number,
  lookup,
  key_filter: keyFilter,
  explode,
  unpivot,
  sql,
  train,
  trial,
  trials,
  predict,
  evaluate,
  place,
  window,
  call,
  map_rows: mapRows,
  map_batches: mapBatches,
} satisfies Record<string, OperatorDef<never>>;

/** The definition of an operator named in a plan. Parameters are plain data whose shape the definition knows. */
export function operator(name: string): OperatorDef<unknown> {
  const def = (OPERATORS as Record<string, OperatorDef<never>>)[name];
  if (def === undefined) throw new Error(`no operator ${name}`);
  return def as OperatorDef<unknown>;
}
