import { Message } from './protobuf.ts';

/** Graphs of ONNX: values by name, and the operators that make them. */

/** Element types of tensors, by their numbers in the format. */
export const ELEMENT = { float: 1, int64: 7, string: 8, bool: 9, double: 11 } as const;
export type Element = keyof typeof ELEMENT;

export interface Tensor {
  readonly element: Element;
  readonly dims: readonly number[];
  readonly values: readonly (number | string)[];
}

export type Attribute = number | string | readonly number[] | readonly string[] | Tensor;

/** Names of standard operators, and of those for classic models. */
const ML = 'ai.onnx.ml';
const OPSET = 15;
const ML_OPSET = 3;
const IR_VERSION = 8;

/** Kinds of attributes, by their numbers in the format. */
const KIND = { int: 2, string: 3, tensor: 4, ints: 7, strings: 8 } as const;

export class Graph {
  readonly #graph: Message[] = [];
  #names = 0;

  /** A column that the caller gives: as many rows as there are, one value each. */
  input(name: string, element: Element): string {
    this.#graph.push(new Message().message(11, valueInfo(name, element, 1)));
    return name;
  }

  output(name: string, element: Element, width: number | null): void {
    this.#graph.push(new Message().message(12, valueInfo(name, element, width)));
  }

  constant(tensor: Tensor): string {
    const name = this.#name('c');
    this.#graph.push(new Message().message(5, tensorMessage(tensor, name)));
    return name;
  }

  /** Gives the name of what the operator makes. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    name?: string,
  ): string {
    return this.#node('', op, inputs, attributes, name);
  }

  mlNode(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>>): string {
    return this.#node(ML, op, inputs, attributes);
  }

  #node(
    domain: string,
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    name = this.#name('v'),
  ): string {
    const node = new Message();
    for (const input of inputs) node.text(1, input);
    node.text(2, name).text(4, op);
    for (const [key, value] of Object.entries(attributes)) node.message(5, attributeMessage(key, value));
    if (domain !== '') node.text(7, domain);
    this.#graph.push(new Message().message(1, node));
    return name;
  }

  #name(prefix: string): string {
    return `flowc.${prefix}${this.#names++}`;
  }

  /** The file. */
  encode(name: string, producer: string, metadata: Readonly<Record<string, string>>): Uint8Array {
    const body = this.#graph.map((m) => m.encode());
    const graph = new Message().text(2, name).encode();
    const whole = new Uint8Array(body.reduce((n, p) => n + p.length, graph.length));
    let at = 0;
    for (const part of [...body, graph]) {
      whole.set(part, at);
      at += part.length;
    }
    const model = new Message().int(1, IR_VERSION).text(2, producer).bytes(7, whole);
    model.message(8, new Message().text(1, '').int(2, OPSET));
    model.message(8, new Message().text(1, ML).int(2, ML_OPSET));
    for (const [key, value] of Object.entries(metadata)) model.message(14, new Message().text(1, key).text(2, value));
    return model.encode();
  }
}

function valueInfo(name: string, element: Element, width: number | null): Message {
  const shape = new Message().message(1, new Message().text(2, 'rows'));
  if (width !== null) shape.message(1, new Message().int(1, width));
  const tensor = new Message().int(1, ELEMENT[element]).message(2, shape);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}

function tensorMessage({ element, dims, values }: Tensor, name: string): Message {
  const m = new Message();
  for (const d of dims) m.int(1, d);
  m.int(2, ELEMENT[element]);
  if (element === 'string') for (const v of values) m.text(6, String(v));
  m.text(8, name);
  if (element !== 'string') m.bytes(9, rawBytes(element, values as readonly number[]));
  return m;
}

function rawBytes(element: Element, values: readonly number[]): Uint8Array {
  if (element === 'double') return new Uint8Array(Float64Array.from(values).buffer);
  if (element === 'float') return new Uint8Array(Float32Array.from(values).buffer);
  if (element === 'bool') return Uint8Array.from(values);
  return new Uint8Array(BigInt64Array.from(values, (v) => BigInt(v)).buffer);
}

function attributeMessage(name: string, value: Attribute): Message {
  const m = new Message().text(1, name);
  if (typeof value === 'number') return m.int(3, value).int(20, KIND.int);
  if (typeof value === 'string') return m.text(4, value).int(20, KIND.string);
  if ('element' in value) return m.message(5, tensorMessage(value, name)).int(20, KIND.tensor);
  const texts = typeof value[0] === 'string';
  for (const v of value) {
    if (typeof v === 'string') m.text(9, v);
    else m.int(8, v);
  }
  return m.int(20, texts ? KIND.strings : KIND.ints);
}
