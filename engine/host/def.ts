import type { DataType, Typed } from '../types.ts';

/**
 * What a flow calls by the name of a `use`: an export of a user's module. Plain data, as all of a plan. Values cross the border by host/values.ts.
 */
export interface HostFunction {
  /** Of its own among all of a plan. */
  readonly id: number;
  /** As the flow calls it. */
  readonly name: string;
  /** `file:` URL of the module; its query is the version of its text, so that a changed file is loaded anew. */
  readonly url: string;
  /** The name it is exported under. */
  readonly export: string;
  /** The module as the flow writes it, for messages. */
  readonly path: string;
  readonly shape: HostShape;
  readonly params: readonly HostParam[];
  readonly result: Typed;
  /** Milliseconds one call may take; null: no end. */
  readonly timeout: number | null;
  /** Calls of an asynchronous function that are in flight at a time, on one worker. */
  readonly concurrency: number;
}

/**
 * scalar: called for a row, gives its value at once. promise: the same, and may give a promise. rows: called for a row as an object, gives objects.
 * batches: called for columns. aggregate: an object { init, add, merge, value }.
 */
export type HostShape = 'scalar' | 'promise' | 'rows' | 'batches' | 'aggregate';

export interface HostParam extends Typed {
  readonly name: string;
  /** Integers come as bigint, whatever their size. */
  readonly bigint: boolean;
}

/** All host functions that plain data (a stage, an expression) holds anywhere, each once. */
export function hostFunctionsOf(data: unknown): HostFunction[] {
  const found = new Map<number, HostFunction>();
  const seen = new Set<object>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return;
    seen.add(value);
    if (isHostFunction(value)) found.set(value.id, value);
    else for (const part of Object.values(value)) visit(part);
  };
  visit(data);
  return [...found.values()];
}

function isHostFunction(value: object): value is HostFunction {
  return 'shape' in value && 'export' in value && 'url' in value && 'concurrency' in value;
}

/** The struct type of rows that a `rows` function takes or gives; a list of them for several rows. */
export function rowType(type: DataType): (DataType & { kind: 'struct' }) | null {
  if (type.kind === 'list') return rowType(type.item.type);
  return type.kind === 'struct' ? type : null;
}
