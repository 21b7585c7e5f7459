import { type DataType, T } from '../types.ts';
import { family, overload, type Resolved } from './build.ts';

/** Joins any scalars: each is cast to text first. */
function concat(args: readonly DataType[]): Resolved {
  if (args.length === 0 || args.some((t) => t.kind === 'bytes')) return null;
  const impl =
    args.length === 1 ? { inline: (a: string) => a } : { inline: (...parts: string[]) => `(${parts.join(' + ')})` };
  return overload(
    args.map(() => T.string),
    T.string,
    impl,
  );
}

export const STRING_BASIC = family('string', {
  concat: {
    doc: 'Joins the arguments, cast to text. Null if one is null (see concat_ws and `??`).',
    signature: 'concat(a, b, …)',
    examples: [
      ['concat("a", 1, true)', '"a1true"'],
      ['concat("a", null)', 'null'],
    ],
    resolve: concat,
  },
});
