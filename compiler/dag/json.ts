/** Graphs as JSON: a versioned format that people can read, and that other programs can write. */
import { RunError } from '../../engine/errors.ts';
import { checkTaskOptions } from '../../engine/tasks/definition.ts';
import type { FunctionSource } from '../../engine/tasks/types.ts';
import { suggest } from '../../grammar/suggest.ts';
import { valueFromJson, valueToJson } from './json_values.ts';
import { type DagData, DagNode, emptyData, type Meta, type NodeSpec, type TaskSpec } from './types.ts';

export const DAG_JSON_VERSION = 1;

/** The format. Values and arguments are as `json_values.ts` writes them; nodes in them stand by their names. */
export interface DagJson {
  readonly format: 'flowc.dag';
  readonly version: number;
  readonly name: string;
  /** Each once; tasks name them by their place. */
  readonly functions: readonly FunctionSource[];
  readonly nodes: readonly NodeJson[];
  readonly outputs: readonly { readonly name: string; readonly value: unknown }[];
  /** Pairs of names: the second starts when the first is done. */
  readonly order?: readonly (readonly [before: string, after: string])[];
}

export interface NodeJson {
  readonly kind: 'input' | 'literal' | 'task';
  readonly name: string;
  /** Of a literal; of an input, its default. */
  readonly value?: unknown;
  /** Of a task: its place in `functions`. */
  readonly fn?: number;
  readonly args?: readonly unknown[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly meta?: unknown;
}

/** Error FLOW7016, with the path of what has no JSON. */
export function toJson(data: DagData): DagJson {
  const functions: FunctionSource[] = [];
  const places = new Map<string, number>();
  const place = ({ fn, name }: TaskSpec): number => {
    if (fn.kind === 'refused')
      throw invalid(`the function of the task \`${name}\` cannot be sent to a worker: ${fn.reason}`);
    const key = fn.kind === 'module' ? `m${fn.url}\n${fn.name}` : `c${fn.name}\n${fn.code}`;
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, functions.length);
    return functions.push(fn) - 1;
  };
  const nodes = data.nodes.map((node, i): NodeJson => {
    if (data.byName.get(node.name) !== i)
      throw invalid(`two nodes are called \`${node.name}\`: as JSON, nodes are known by their names`);
    const path = `${node.kind} \`${node.name}\``;
    return { kind: node.kind, name: node.name, ...nodeBody(node, path, place), ...metaToJson(node.meta, path) };
  });
  const outputs = data.outputs.map(({ name, value }) => ({ name, value: valueToJson(value, `output \`${name}\``) }));
  const order = data.orders.map(({ before, after }) => [before.name, after.name] as const);
  return {
    format: 'flowc.dag',
    version: DAG_JSON_VERSION,
    name: data.name,
    functions,
    nodes,
    outputs,
    ...(order.length > 0 ? { order } : {}),
  };
}

function nodeBody(node: NodeSpec, path: string, place: (task: TaskSpec) => number): Partial<NodeJson> {
  switch (node.kind) {
    case 'input':
      return node.fallback === null ? {} : { value: valueToJson(node.fallback.value, `${path}: default`) };
    case 'literal':
      return { value: valueToJson(node.value, `${path}: value`) };
    case 'task': {
      const given = Object.entries(node.options).filter(([, value]) => value !== undefined);
      const options = Object.fromEntries(
        given.map(([key, value]) => [key, valueToJson(value, `${path}: options.${key}`)]),
      );
      return {
        fn: place(node),
        args: node.args.map((arg, i) => valueToJson(arg, `${path}: argument ${i + 1}`)),
        ...(given.length > 0 ? { options } : {}),
      };
    }
  }
}

function metaToJson(meta: Meta | null, path: string): { meta?: unknown } {
  return meta === null ? {} : { meta: valueToJson(meta, `${path}: meta`) };
}

function invalid(message: string): RunError {
  return new RunError('FLOW7016', message);
}

/**
 * Reads what `toJson` wrote, as an object or as text. Error FLOW7016 with the path of what is no such JSON; a graph that is wrong in itself (a cycle, an
 * unknown node) is read, so that it can be checked and drawn.
 */
export function fromJson(json: unknown): DagData {
  const root = new Reader(typeof json === 'string' ? parse(json) : json, 'the graph');
  const format = root.field('format');
  if (format !== 'flowc.dag') throw invalid(`the graph: \`format\` is ${shown(format)}, not "flowc.dag"`);
  const version = root.field('version');
  if (version !== DAG_JSON_VERSION)
    throw invalid(`the graph: \`version\` is ${shown(version)}; this release reads version ${DAG_JSON_VERSION}`);
  root.only('format', 'version', 'name', 'functions', 'nodes', 'outputs', 'order');
  const data = emptyData(root.text('name'));
  const functions = root.list('functions').map(functionFromJson);
  for (const node of root.list('nodes')) addNode(data, node, functions);
  for (const output of root.list('outputs')) {
    output.only('name', 'value');
    data.outputs.push({
      name: output.text('name'),
      value: valueFromJson(output.field('value'), `${output.path}.value`, data),
    });
  }
  if (root.has('order')) {
    for (const pair of root.list('order')) {
      const [before, after, ...more] = Array.isArray(pair.json) ? pair.json : [];
      if (typeof before !== 'string' || typeof after !== 'string' || more.length > 0)
        throw invalid(`${pair.path} is ${shown(pair.json)}, not two names`);
      data.orders.push({ before: new DagNode(data, before, null, null), after: new DagNode(data, after, null, null) });
    }
  }
  return data;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`the graph is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function functionFromJson(json: Reader): FunctionSource {
  const kind = json.text('kind');
  if (kind === 'module') {
    json.only('kind', 'url', 'name');
    return { kind, url: json.text('url'), name: json.text('name') };
  }
  if (kind !== 'closure') throw invalid(`${json.path}.kind is ${shown(kind)}, not "module" or "closure"`);
  json.only('kind', 'code', 'name');
  return { kind, code: json.text('code'), name: json.text('name') };
}

function addNode(data: DagData, json: Reader, functions: readonly FunctionSource[]): void {
  const kind = json.text('kind');
  const name = json.text('name');
  const value = (): unknown => valueFromJson(json.field('value'), `${json.path}.value`, data);
  const meta = json.has('meta') ? metaFromJson(json, data) : null;
  if (!data.byName.has(name)) data.byName.set(name, data.nodes.length);
  if (kind === 'input') {
    json.only('kind', 'name', 'value', 'meta');
    data.nodes.push({ kind, name, meta, fallback: json.has('value') ? { value: value() } : null });
  } else if (kind === 'literal') {
    json.only('kind', 'name', 'value', 'meta');
    data.nodes.push({ kind, name, meta, value: value() });
  } else if (kind === 'task') {
    json.only('kind', 'name', 'fn', 'args', 'options', 'meta');
    const place = json.field('fn');
    const fn = typeof place === 'number' ? functions[place] : undefined;
    if (fn === undefined)
      throw invalid(`${json.path}.fn is ${shown(place)}, and there are ${functions.length} functions, from 0`);
    const args = json.list('args').map((arg) => valueFromJson(arg.json, arg.path, data));
    data.nodes.push({ kind, name, meta, fn, args, options: json.has('options') ? optionsFromJson(json, data) : {} });
  } else throw invalid(`${json.path}.kind is ${shown(kind)}, not "input", "literal" or "task"`);
}

function metaFromJson(json: Reader, data: DagData): Meta {
  const meta = valueFromJson(json.field('meta'), `${json.path}.meta`, data);
  if (typeof meta !== 'object' || meta === null) throw invalid(`${json.path}.meta is ${shown(meta)}, not an object`);
  return meta as Meta;
}

/** A name is the node's, and a signal is of a process. */
const NO_OPTIONS = ['name', 'signal'];

function optionsFromJson(json: Reader, data: DagData): TaskSpec['options'] {
  const options = valueFromJson(json.field('options'), `${json.path}.options`, data);
  const path = `${json.path}.options`;
  if (typeof options !== 'object' || options === null) throw invalid(`${path} is ${shown(options)}, not an object`);
  for (const name of NO_OPTIONS)
    if (Object.hasOwn(options, name)) throw invalid(`${path} has the unknown key \`${name}\``);
  try {
    checkTaskOptions(options);
  } catch (error) {
    throw error instanceof RunError ? new RunError('FLOW7016', `${path}: ${error.message}`, {}, error.hint) : error;
  }
  return options;
}

/** A place in the JSON. */
class Reader {
  readonly json: unknown;
  readonly path: string;

  constructor(json: unknown, path: string) {
    this.json = json;
    this.path = path;
  }

  get #object(): Record<string, unknown> {
    const { json } = this;
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      throw invalid(`${this.path} is ${shown(json)}, not an object`);
    return json as Record<string, unknown>;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#object, key);
  }

  field(key: string): unknown {
    if (!this.has(key)) throw invalid(`${this.path} has no \`${key}\``);
    return this.#object[key];
  }

  text(key: string): string {
    const value = this.field(key);
    if (typeof value !== 'string') throw invalid(`${this.path}.${key} is ${shown(value)}, not a string`);
    return value;
  }

  list(key: string): readonly Reader[] {
    const value = this.field(key);
    if (!Array.isArray(value)) throw invalid(`${this.path}.${key} is ${shown(value)}, not an array`);
    return value.map((one: unknown, i) => new Reader(one, `${key}[${i}]`));
  }

  only(...known: readonly string[]): void {
    for (const key of Object.keys(this.#object)) {
      if (known.includes(key)) continue;
      const near = suggest(key, known);
      throw invalid(`${this.path} has the unknown key \`${key}\`${near === null ? '' : `; did you mean \`${near}\`?`}`);
    }
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
}
