/** FLOW8xxx: other files that a flow uses: modules of the host language and of the language. */
import { defineDiagnostics, entry } from '../../grammar/diagnostics.ts';

export const moduleCodes = defineDiagnostics({
  badModule: entry<{ path: string; why: string }>({
    code: 'FLOW8001',
    title: 'A module that cannot be used',
    explanation: `use takes functions from a JavaScript or TypeScript module (.js, .mjs, .ts, .mts), import takes definitions from a
.flow file. Both paths are relative to the file in which they stand:

    use { haversine } from "./geo.ts"
    import { latest_by } from "./lib.flow"`,
    message: (p) => `"${p.path}" ${p.why}`,
  }),
  unknownExport: entry<{ name: string; path: string }>({
    code: 'FLOW8002',
    title: 'A name that a module does not have',
    explanation: `use names what the module exports, import what the .flow file declares (let, fn, schema, param). as gives another
name here:

    use { distance as haversine } from "./geo.ts"`,
    message: (p) => `"${p.path}" has no \`${p.name}\``,
  }),
  hostForbidden: entry<Record<never, never>>({
    code: 'FLOW8003',
    title: 'Functions of the host language are not allowed here',
    explanation: `use runs code of a module with all rights of the process. --no-udf (in TypeScript: udf: false) refuses it, for flows
whose origin is not trusted.`,
    message: () => '`use` is not allowed in this run (--no-udf)',
  }),
  typesUnknown: entry<{ name: string; path: string }>({
    code: 'FLOW8004',
    title: 'A function whose types are not known',
    explanation: `The types of a function are those of its TypeScript annotations, or are written behind its name:

    use { geocode: (string) -> { lat: float, lon: float }? } from "./geo.js"

number is float, string is string, boolean is bool, bigint is int, Date is timestamp, Uint8Array is bytes, T[] is list<T>, an
object type or an interface of the same file is a struct, and null or undefined make a type nullable.`,
    message: (p) => `the types of \`${p.name}\` are not known: "${p.path}" does not state all of them`,
  }),
  hostShape: entry<{ name: string; what: string; where: string }>({
    code: 'FLOW8005',
    title: 'A function of the host language in a place of another kind',
    explanation: `A function is called in expressions, an object { init, add, merge, value } is an aggregate, and stands where
aggregates stand, a function of rows or of columns stands behind map or map_batches, and one that gives rows is a source:

    derive km = haversine(lat, lon, 52.5, 13.4)
    summarize m = geometric_mean(x) by k
    map clean_row
    map_batches score as { id: int, score: float }
    from pages(10)`,
    message: (p) => `\`${p.name}\` is ${p.what}, which cannot stand ${p.where}`,
  }),
});
