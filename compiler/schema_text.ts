import { formatType, type Schema } from '../engine/types.ts';
import { quoteName } from '../grammar/words.ts';

/** Columns as a `schema` statement that reads back as the same columns. */
export async function schemaText(name: string, schema: Schema): Promise<string> {
  const fields = schema.map((f) => `${quoteName(f.name)}: ${formatType(f.type, f.nullable, quoteName)}`).join(', ');
  const text = `schema ${schemaName(name)} { ${fields} }`;
  const { format } = await import('../grammar/index.ts');
  return format(text, '').text ?? text;
}

/** A name for the rows of `orders-2024.csv.gz` or of a let: `Orders2024`. */
export function schemaName(path: string): string {
  const file = path.split(/[\\/]/).pop() ?? '';
  const words = file.replace(/(?<=.)\..*$/, '').match(/[\p{L}\p{N}]+/gu) ?? [];
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return /^\p{L}/u.test(name) ? quoteName(name) : `Rows${name}`;
}
