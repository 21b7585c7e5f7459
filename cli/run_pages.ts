import type { ErrorPage } from './api.ts';

/** The pages of the run errors (FLOW7xxx); the diagnostics carry theirs in the registries that define them. */
export const runErrorPages: readonly ErrorPage[] = [
  {
    code: 'FLOW7001',
    title: 'Input not found',
    explanation: `No file is at the path of a \`from\` step, or its glob matches nothing. Paths of data are relative to the folder
that the command runs in, not to the .flow file.

    from csv("data/orders-*.csv")       # data/ stands in the working folder`,
  },
  {
    code: 'FLOW7002',
    title: 'Input cannot be read',
    explanation: `The input is there, but it is a folder or a pipe, or may not be read, or the disk failed to deliver it, or something
wrote to it while it was read. A folder of files is read by a glob:

    from parquet("orders/*.parquet")`,
  },
  {
    code: 'FLOW7003',
    title: 'Input is malformed',
    explanation: `The file is not what its step says it is: a row of a CSV file has more or fewer fields than the header, a quote
is never closed, a line is no JSON, a Parquet or gzip file ends too early. The error names the file and, where there are rows, the row.
Rows that do not fit can be set aside rather than end the run:

    from csv("orders.csv", on_error: "reject")`,
  },
  {
    code: 'FLOW7004',
    title: 'A value does not fit its type',
    explanation: `A value cannot be turned into the type that was declared for it, or that a cast asks for. The error names the
value, its file and its row. A cast to an optional type gives null instead:

    derive n = code::int?               # null where code is no number

For a declared column, make its type wider, or declare it a string and cast it later.`,
  },
  {
    code: 'FLOW7005',
    title: 'Arithmetic error',
    explanation: `A calculation has no result: an integer is divided by zero, or a result is beyond the range of its type (64 bits
for int). Guard the divisor, or calculate in floats, which never overflow:

    derive rate = hits // nullif(tries, 0), big = a::float * b`,
  },
  {
    code: 'FLOW7006',
    title: 'Output cannot be written',
    explanation: `A \`write\` step could not create or complete its file: the path is a folder, its folder may not be written, or the
disk is full. An output appears whole or not at all, so what was there before the run is still there.`,
  },
  {
    code: 'FLOW7007',
    title: 'Out of memory',
    explanation: `Even with everything spilled to disk that can be, the run needs more memory than its limit allows. Give it more,
or run fewer workers, each of which needs a share of its own:

    flowc run pipeline.flow --memory 512MB --workers 2`,
  },
  {
    code: 'FLOW7008',
    title: 'Spilling failed',
    explanation: `The run holds more than its memory limit and must write the rest to disk, but the folder for it is full, or may
not be written. Name a folder with more room (several share the load), or raise the limit:

    flowc run pipeline.flow --spill-dir /mnt/scratch --memory 4GB`,
  },
  {
    code: 'FLOW7009',
    title: 'Data breaks a stated expectation',
    explanation: `The cardinality that a join states does not hold for the data: a row on the left matches more rows on the right
than \`matching\` allows, or none. The error names the key. Without \`matching\`, every match gives a row:

    join left rates as r on ccy == r.ccy matching at most one

Or a condition of an \`expect\` step is false, and nothing else was said about such rows (\`else warn\`, \`drop\`,
\`quarantine\`). The error says how many rows fail, and shows the first one.`,
  },
  {
    code: 'FLOW7010',
    title: 'A worker died',
    explanation: `A worker thread ended in the middle of its task, and did so again when the task was tried anew. A function of the
host language that calls process.exit or fills the heap does this. Without such functions it is a bug in flowc: please report it.`,
  },
  {
    code: 'FLOW7011',
    title: 'Model error',
    explanation: `A model cannot be trained on this data, or cannot be applied to it: a label with one value only, a feature that is
null in every row, or a model file that does not match the columns or this version of flowc.`,
  },
  {
    code: 'FLOW7012',
    title: 'Interrupted',
    explanation: `The run was stopped from outside (Ctrl-C, a signal, the AbortSignal of the caller, an engine that was closed), or the reader of
standard output left. Workers were ended, spill files removed, and no output was left half-written.`,
  },
  {
    code: 'FLOW7013',
    title: 'A task failed',
    explanation: `A function given to the task API threw an error. The message is the function's own, with the frames of its own code; the task's
name stands before it. What depends on the task fails with the same error. To try again on errors that pass by themselves:

    task(fetchPage, { retries: 5, retryErrors: true })`,
  },
  {
    code: 'FLOW7014',
    title: 'A task took too long',
    explanation: `A function that a flow calls did not return within \`--udf-timeout\`, or a task ran longer than its \`timeout\`. Its worker was
ended and replaced; other tasks on it were tried again. Give it more time, or none to keep to:

    task(simulate, { timeout: 60_000 })`,
  },
  {
    code: 'FLOW7015',
    title: 'An object is lost',
    explanation: `A value was in a spill file that has been removed, cut or damaged, and it cannot be computed again: it was put by the program
(engine.put) and not made by a task, or making it again failed as well. Spill folders must be left alone while a program runs.`,
  },
  {
    code: 'FLOW7016',
    title: 'A setting is invalid',
    explanation: `An option of the engine, the store or a task has a value that it cannot have. The message names the option, the value and what is
allowed. Nothing was started.`,
  },
  {
    code: 'FLOW7020',
    title: 'Embedded SQL failed',
    explanation: `The SQL engine reported an error while it ran the text between sql """ and """: a value that a cast does not
take, a subquery with more than one row. What is wrong with names and types is reported before anything runs (FLOW4051).`,
  },
  {
    code: 'FLOW7017',
    title: 'A function failed',
    explanation: `A function of JavaScript or TypeScript that the flow calls (\`use\`) threw an error, or its module could not be loaded. The message has
the call, the file and line of the function, and what it threw; the notes have the file and row of the data. Handle the case in
the function, or leave such rows out before it:

    | where latitude between -90 and 90
    | derive km = haversine(latitude, longitude, 52.5, 13.4)`,
  },
  {
    code: 'FLOW7018',
    title: 'A function gave a value of the wrong type',
    explanation: `What a function of JavaScript or TypeScript gives is checked against its type, which is that of its
annotation, or the one written behind its name. Nothing is rounded or cut. A function that may give null or undefined says so:

    use { geocode: (string) -> { lat: float, lon: float }? } from "./geo.js"`,
  },
  {
    code: 'FLOW7019',
    title: 'Access is not allowed',
    explanation: `With --allow-read, --allow-write and --allow-net a run reaches only what they name. What a flow reads and writes is
looked at when it is checked (FLOW5008) and again just before it runs, behind links and \`..\`; a place to spill to when the engine is made.
Name the folder, or the host of the place:

    flowc run pipeline.flow --allow-read data --allow-net s3.example.com --spill-to 's3://bucket?endpoint=https://s3.example.com'`,
  },
];
