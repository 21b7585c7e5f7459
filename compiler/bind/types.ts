import { type DataType, type Field, T, type Typed, type TypeKind } from '../../engine/types.ts';
import type { TypeNode } from '../../grammar/ast.ts';
import type { Suggestion } from '../../grammar/diagnostics.ts';
import { suggest } from '../../grammar/suggest.ts';
import { codes } from '../diagnostics.ts';
import type { Context, SchemaEntry } from './context.ts';
import { homeOf } from './context.ts';

const plainTypes: Readonly<Record<string, DataType>> = {
  bool: T.bool,
  int: T.int,
  float: T.float,
  string: T.string,
  bytes: T.bytes,
  date: T.date,
  time: T.time,
  timestamp: T.timestamp,
  interval: T.interval,
  json: T.json,
};

/** What other languages call the types. */
const synonyms: Readonly<Record<string, TypeKind>> = {
  boolean: 'bool',
  integer: 'int',
  bigint: 'int',
  smallint: 'int',
  int64: 'int',
  int32: 'int',
  i64: 'int',
  long: 'int',
  double: 'float',
  real: 'float',
  float64: 'float',
  number: 'float',
  f64: 'float',
  numeric: 'decimal',
  str: 'string',
  text: 'string',
  varchar: 'string',
  char: 'string',
  utf8: 'string',
  blob: 'bytes',
  binary: 'bytes',
  datetime: 'timestamp',
  timestamptz: 'timestamp',
  duration: 'interval',
  object: 'json',
  jsonb: 'json',
  any: 'json',
  int2: 'int',
  int4: 'int',
  int8: 'int',
  float4: 'float',
  float8: 'float',
  money: 'decimal',
  nvarchar: 'string',
  uuid: 'string',
};

/** The type a type node means; null when it is wrong, which has been reported. `otherwise`: what an unknown name may mean at this place. */
export function bindType(ctx: Context, node: TypeNode, otherwise?: Suggestion): Typed | null {
  switch (node.kind) {
    case 'optionalType': {
      const inner = bindType(ctx, node.inner);
      return inner === null ? null : { ...inner, nullable: true };
    }
    case 'listType': {
      const item = bindType(ctx, node.element);
      return item === null ? null : { type: T.list(item.type, item.nullable), nullable: false };
    }
    case 'mapType': {
      const key = bindType(ctx, node.key);
      const value = bindType(ctx, node.value);
      return key === null || value === null ? null : { type: { kind: 'map', key: key.type, value }, nullable: false };
    }
    case 'structType': {
      const fields: Field[] = [];
      let whole = true;
      for (const item of node.fields) {
        const typed = bindType(ctx, item.type);
        if (typed === null) whole = false;
        else fields.push({ name: item.name.text, ...typed });
      }
      return whole ? { type: T.struct(fields), nullable: false } : null;
    }
    case 'functionType':
      ctx.report(codes.misplaced, { what: 'the type of a function', where: 'here' }, node.span);
      return null;
    case 'typeName':
      return bindTypeName(ctx, node, otherwise);
  }
}

function bindTypeName(
  ctx: Context,
  node: TypeNode & { kind: 'typeName' },
  otherwise: Suggestion | undefined,
): Typed | null {
  const { name, args } = node;
  if (name === 'decimal') return decimalType(ctx, node);
  if (name === 'timestamp' && args.length > 0) return zonedType(ctx, node);
  const plain = Object.hasOwn(plainTypes, name) ? plainTypes[name] : undefined;
  const schema = ctx.declared.schemas.get(name);
  if (plain === undefined && schema === undefined) {
    if (ctx.declared.opaque.has(name)) return null;
    const known = [...Object.keys(plainTypes), 'decimal', ...ctx.declared.schemas.keys()];
    const synonym = name.toLowerCase();
    const near = (Object.hasOwn(synonyms, synonym) ? synonyms[synonym] : null) ?? suggest(name, known);
    ctx.report(codes.unknownType, { name }, node.span, {
      notes: [`known types: ${known.join(', ')}, list<…>, map<…, …>, { … }`],
      suggestion:
        near === null
          ? otherwise
          : { text: `write \`${near}\``, replacement: near === 'decimal' ? 'decimal(18, 2)' : near },
    });
    return null;
  }
  if (args.length > 0) {
    ctx.report(codes.badTypeArguments, { type: name, why: 'takes no arguments' }, node.span);
    return null;
  }
  return plain === undefined ? schemaType(ctx, schema as SchemaEntry) : { type: plain, nullable: false };
}

function decimalType(ctx: Context, node: TypeNode & { kind: 'typeName' }): Typed | null {
  const [precision, scale, extra] = node.args;
  const wrong = (why: string): null => {
    ctx.report(codes.badTypeArguments, { type: 'decimal', why }, node.span, {
      suggestion:
        node.args.length === 0
          ? { text: 'write its digits: `decimal(18, 2)`', replacement: 'decimal(18, 2)' }
          : undefined,
    });
    return null;
  };
  if (typeof precision !== 'number' || typeof scale !== 'number' || extra !== undefined) {
    return wrong('takes its digits and those behind the point');
  }
  if (!(precision >= 1 && precision <= 38)) return wrong(`has 1 to 38 digits, not ${precision}`);
  if (!(scale >= 0 && scale <= precision)) return wrong(`cannot have ${scale} of ${precision} digits behind the point`);
  return { type: T.decimal(precision, scale), nullable: false };
}

function zonedType(ctx: Context, node: TypeNode & { kind: 'typeName' }): Typed | null {
  const [zone, extra] = node.args;
  if (typeof zone !== 'string' || extra !== undefined || !isTimeZone(zone)) {
    const why = typeof zone === 'string' ? `knows no zone "${zone}"` : 'takes a zone as text';
    ctx.report(codes.badTypeArguments, { type: 'timestamp', why }, node.span);
    return null;
  }
  return { type: { kind: 'timestamp', zone }, nullable: false };
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** The struct of a `schema` statement, bound once. */
export function schemaType(ctx: Context, entry: SchemaEntry): Typed | null {
  if (entry.state === 'active') {
    const name = entry.statement.name.text;
    ctx.report(codes.cycle, { what: 'schema', path: [name, name] }, entry.statement.name.span);
    return null;
  }
  if (entry.state === 'new') {
    entry.state = 'active';
    entry.type = bindType(homeOf(ctx, entry.statement), entry.statement.type);
    entry.state = 'done';
  }
  return entry.type;
}
