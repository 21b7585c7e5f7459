import type * as ArrowModule from 'apache-arrow';
import { importModule } from '../host/import_module.ts';

/**
 * Arrow values as plain data and back. Not by IPC: its writer drops batches whose schema differs and copies every buffer. The buffers of a table travel as
 * they are, each as a part of its own, and are read in place; types and fields are told once for the table, so that the ids of dictionaries are the same in
 * all its batches; a dictionary that several batches share is written once.
 */
type Arrow = typeof ArrowModule;

let arrow: Arrow | null = null;
let loading: Promise<Arrow> | null = null;

/** Loads apache-arrow when it is not there yet: it takes some 100 ms, so only who has an Arrow value to decode asks. */
export async function loadArrow(): Promise<void> {
  loading ??= importModule('apache-arrow') as Promise<Arrow>;
  arrow = await loading;
}

export function arrowLoaded(): boolean {
  return arrow !== null;
}

const TABLE = Symbol.for('apache-arrow/Table');
const BATCH = Symbol.for('apache-arrow/RecordBatch');
const VECTOR = Symbol.for('apache-arrow/Vector');

type Marked = { readonly [TABLE]?: unknown; readonly [BATCH]?: unknown; readonly [VECTOR]?: unknown };

/** Whether it is a table, record batch or vector of any copy of apache-arrow: they mark their prototypes. */
export function isArrow(v: object): boolean {
  const m = v as Marked;
  return m[TABLE] === true || m[BATCH] === true || m[VECTOR] === true;
}

interface TypeData {
  readonly id: number;
  readonly params: readonly unknown[];
  readonly children: readonly FieldData[];
  /** Of a dictionary type: the types of indices and values. */
  readonly indices?: TypeData;
  readonly values?: TypeData;
}

interface FieldData {
  readonly name: string;
  readonly nullable: boolean;
  readonly metadata: Map<string, string>;
  readonly type: TypeData;
}

/** Of one `Data`: its buffers in the order of its constructor. */
interface ChunkData {
  readonly length: number;
  readonly offset: number;
  readonly nullCount: number;
  readonly buffers: readonly (ArrayBufferView | undefined)[];
  readonly children: readonly ChunkData[];
  readonly dictionary: readonly ChunkData[] | null;
  readonly variadic: readonly Uint8Array[];
}

type ArrowData =
  | {
      readonly kind: 'table' | 'batch';
      readonly fields: readonly FieldData[];
      readonly metadata: Map<string, string>;
      readonly batches: readonly { readonly data: ChunkData; readonly metadata: Map<string, string> }[];
    }
  | { readonly kind: 'vector'; readonly type: TypeData; readonly chunks: readonly ChunkData[] };

/** Plain data for V8's serializer; its typed arrays are the value's own. */
export function describeArrow(v: object): ArrowData {
  const chunks = new Chunks();
  if ((v as Marked)[VECTOR] === true) {
    const { type, data } = v as ArrowModule.Vector;
    return { kind: 'vector', type: describeType(type), chunks: data.map((d) => chunks.of(d)) };
  }
  const table = (v as Marked)[TABLE] === true;
  const { schema } = v as ArrowModule.Table;
  const batches = table ? (v as ArrowModule.Table).batches : [v as ArrowModule.RecordBatch];
  return {
    kind: table ? 'table' : 'batch',
    fields: schema.fields.map(describeField),
    metadata: schema.metadata,
    batches: batches.map((b) => ({ data: chunks.of(b.data), metadata: b.metadata })),
  };
}

class Chunks {
  /** A dictionary is one object in all places, also as plain data. */
  readonly #dictionaries = new Map<unknown, readonly ChunkData[]>();

  of(d: ArrowModule.Data): ChunkData {
    return {
      length: d.length,
      offset: d.offset,
      nullCount: d.nullCount,
      buffers: [d.valueOffsets, d.values, d.nullBitmap, d.typeIds],
      children: d.children.map((c) => this.of(c)),
      dictionary: d.dictionary === undefined ? null : this.#dictionary(d.dictionary),
      variadic: [...d.variadicBuffers],
    };
  }

  #dictionary(vector: ArrowModule.Vector): readonly ChunkData[] {
    const known = this.#dictionaries.get(vector);
    if (known !== undefined) return known;
    const made = vector.data.map((d) => this.of(d));
    this.#dictionaries.set(vector, made);
    return made;
  }
}

function describeField(f: ArrowModule.Field): FieldData {
  return { name: f.name, nullable: f.nullable, metadata: f.metadata, type: describeType(f.type) };
}

/** Members of a type besides its children, in the order of its constructor. */
const PARAMS: Readonly<Record<string, readonly string[]>> = {
  Int: ['isSigned', 'bitWidth'],
  Float: ['precision'],
  Decimal: ['scale', 'precision', 'bitWidth'],
  Date: ['unit'],
  Time: ['unit', 'bitWidth'],
  Timestamp: ['unit', 'timezone'],
  Interval: ['unit'],
  Duration: ['unit'],
  Union: ['mode', 'typeIds'],
  FixedSizeBinary: ['byteWidth'],
  FixedSizeList: ['listSize'],
  Map_: ['keysSorted'],
  Dictionary: ['id', 'isOrdered'],
};

function describeType(t: ArrowModule.DataType): TypeData {
  const own = t as unknown as Record<string, unknown>;
  const params = (PARAMS[t[Symbol.toStringTag]] ?? []).map((name) => own[name]);
  if (t[Symbol.toStringTag] !== 'Dictionary') {
    return { id: t.typeId, params, children: (t.children ?? []).map(describeField) };
  }
  const { indices, dictionary } = t as ArrowModule.Dictionary;
  return { id: t.typeId, params, children: [], indices: describeType(indices), values: describeType(dictionary) };
}

/** The Arrow value again, over the typed arrays in `d`. apache-arrow is loaded (`loadArrow`). */
export function makeArrow(d: ArrowData): object {
  if (arrow === null) throw new Error('apache-arrow is not loaded');
  return new Maker(arrow).make(d);
}

class Maker {
  readonly #arrow: Arrow;
  readonly #dictionaries = new Map<readonly ChunkData[], ArrowModule.Vector>();

  constructor(a: Arrow) {
    this.#arrow = a;
  }

  make(d: ArrowData): object {
    const A = this.#arrow;
    if (d.kind === 'vector') {
      const type = this.#type(d.type);
      return new A.Vector(d.chunks.map((c) => this.#data(type, c)));
    }
    const schema = new A.Schema(
      d.fields.map((f) => this.#field(f)),
      d.metadata,
    );
    const row = new A.Struct(schema.fields);
    const batches = d.batches.map(
      (b) => new A.RecordBatch(schema, this.#data(row, b.data) as ArrowModule.Data<ArrowModule.Struct>, b.metadata),
    );
    return d.kind === 'table' ? new A.Table(schema, batches) : (batches[0] as object);
  }

  #field(f: FieldData): ArrowModule.Field {
    return new this.#arrow.Field(f.name, this.#type(f.type), f.nullable, f.metadata);
  }

  #type(t: TypeData): ArrowModule.DataType {
    const A = this.#arrow;
    const children = t.children.map((c) => this.#field(c));
    const [p, q, r] = t.params as [never, never, never];
    const [child] = children as [ArrowModule.Field];
    const T = A.Type;
    switch (t.id) {
      case T.Int:
        return new A.Int(p, q);
      case T.Float:
        return new A.Float(p);
      case T.Decimal:
        return new A.Decimal(p, q, r);
      case T.Date:
        return new A.Date_(p);
      case T.Time:
        return new A.Time(p, q);
      case T.Timestamp:
        return new A.Timestamp(p, q);
      case T.Interval:
        return new A.Interval(p);
      case T.Duration:
        return new A.Duration(p);
      case T.FixedSizeBinary:
        return new A.FixedSizeBinary(p);
      case T.List:
        return new A.List(child);
      case T.LargeList:
        return new A.LargeList(child);
      case T.FixedSizeList:
        return new A.FixedSizeList(p, child);
      case T.Struct:
        return new A.Struct(children);
      case T.Union:
        return new A.Union(p, q, children);
      case T.Map:
        return new A.Map_(child as ArrowModule.Field<ArrowModule.Struct>, p);
      case T.Dictionary:
        return new A.Dictionary(this.#type(t.values as TypeData), this.#type(t.indices as TypeData) as never, p, q);
      default:
        return this.#plainType(t.id);
    }
  }

  /** Types without parameters. */
  #plainType(id: number): ArrowModule.DataType {
    const A = this.#arrow;
    const T = A.Type;
    switch (id) {
      case T.Null:
        return new A.Null();
      case T.Bool:
        return new A.Bool();
      case T.Utf8:
        return new A.Utf8();
      case T.LargeUtf8:
        return new A.LargeUtf8();
      case T.Utf8View:
        return new A.Utf8View();
      case T.Binary:
        return new A.Binary();
      case T.LargeBinary:
        return new A.LargeBinary();
      case T.BinaryView:
        return new A.BinaryView();
      default:
        throw new TypeError(`Arrow type ${id} is not known to the apache-arrow that is installed`);
    }
  }

  #data(type: ArrowModule.DataType, c: ChunkData): ArrowModule.Data {
    const A = this.#arrow;
    const dictionary =
      c.dictionary === null ? undefined : this.#dictionary(type as ArrowModule.Dictionary, c.dictionary);
    // Nested values are those of the dictionary, not of its indices.
    const fields = dictionary === undefined ? (type.children ?? []) : [];
    const children = c.children.map((child, i) => this.#data((fields[i] as ArrowModule.Field).type, child));
    return new A.Data(
      type,
      c.offset,
      c.length,
      c.nullCount,
      c.buffers as never,
      children,
      dictionary,
      c.variadic as never,
    );
  }

  #dictionary(type: ArrowModule.Dictionary, chunks: readonly ChunkData[]): ArrowModule.Vector {
    const known = this.#dictionaries.get(chunks);
    if (known !== undefined) return known;
    const made = new this.#arrow.Vector(chunks.map((c) => this.#data(type.dictionary, c)));
    this.#dictionaries.set(chunks, made);
    return made;
  }
}
