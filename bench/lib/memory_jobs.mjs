// What bench/memory.mjs runs: operators over a file of flights (id, date, delay, distance, origin, destination) that is larger than the memory limit.

/** A join of the file with its own ids, with what is counted of it. */
const joined = (kind, on, counted) => (csv) =>
  `let other = from csv("${csv}") | where delay > 0 | select id2 = id, delay2 = delay, from2 = origin\nfrom csv("${csv}") | join ${kind} other as o on ${on} | summarize ${counted}`;

const written = (format) => (csv, dir) =>
  `from csv("${csv}") | where delay > 0 | write ${format}("${dir}/out.${format}")`;

/** Takes the file, written to `format` first, apart again. */
const read = (format) => ({
  before: (csv, dir) => `from csv("${csv}") | write ${format}("${dir}/in.${format}")`,
  flow: (_csv, dir) =>
    `from ${format}("${dir}/in.${format}") | sort distance desc, origin, id | take 100000.. | summarize n = count(), d = sum(delay)`,
});

/** By name: the steps of a flow file, given the CSV file and a folder for results; `code`: functions it uses; `before`: a flow that makes what it reads; `sql`: DuckDB's query where there is one. */
export const JOBS = {
  sort: {
    flow: (csv, dir) => `from csv("${csv}") | sort distance desc, origin, id | write csv("${dir}/out.csv")`,
    sql: (csv, dir) => `copy (from '${csv}' order by distance desc, origin, id) to '${dir}/duck.csv' (header)`,
  },
  'sort by text': {
    flow: (csv) =>
      `from csv("${csv}") | sort origin + destination desc, date, id | take 100000.. | summarize n = count(), d = sum(delay)`,
  },
  'group by id // 4': {
    flow: (csv) =>
      `from csv("${csv}") | summarize n = count(), mean_delay = mean(delay), far = max(distance) by g = id // 4 | summarize groups = count(), n = sum(n), far = max(far)`,
    sql: (csv) =>
      `select count(*), sum(n), max(far) from (select count(*) n, avg(delay), max(distance) far from '${csv}' group by id // 4)`,
  },
  'group by route': {
    flow: (csv) =>
      `from csv("${csv}") | summarize n = count(), mean_delay = mean(delay) by origin, destination | sort n desc, origin, destination | take 3`,
    sql: (csv) =>
      `select origin, destination, count(*), avg(delay) from '${csv}' group by all order by 3 desc, 1, 2 limit 3`,
  },
  'group by medians': {
    flow: (csv) =>
      `from csv("${csv}") | summarize n = count(), m = median(delay), d = count_distinct(destination) by far = distance // 10, origin | summarize n = sum(n), m = sum(m), d = sum(d)`,
  },
  'group by rollup': {
    flow: (csv) =>
      `from csv("${csv}") | derive g = id // 100 | summarize n = count(), d = sum(delay) by rollup(origin, destination, g) | summarize n = sum(n)`,
  },
  distinct: {
    flow: (csv) => `from csv("${csv}") | distinct date, origin | summarize n = count()`,
    sql: (csv) => `select count(*) from (select distinct on (date, origin) * from '${csv}')`,
  },
  join: {
    flow: (csv) =>
      `let other = from csv("${csv}") | select id2 = id, delay2 = delay, from2 = origin\nfrom csv("${csv}") | join other as o on id == o.id2 | summarize n = count(), d = sum(delay2), f = max(from2)`,
    sql: (csv) => `select count(*), sum(o.delay), max(o.origin) from '${csv}' a join '${csv}' o on a.id = o.id`,
  },
  'join left': { flow: joined('left', 'id == o.id2', 'n = count(), d = sum(delay2), f = max(from2)') },
  'join right': { flow: joined('right', 'id == o.id2', 'n = count(), d = sum(delay2), f = max(from2)') },
  'join full': { flow: joined('full', 'id == o.id2', 'n = count(), d = sum(delay2), f = max(from2)') },
  'join semi': { flow: joined('semi', 'id == o.id2', 'n = count(), d = sum(delay)') },
  'join anti': { flow: joined('anti', 'id == o.id2', 'n = count(), d = sum(delay)') },
  'join asof': {
    flow: (csv) =>
      `let other = from csv("${csv}") | where delay > 0 | select id2 = id, delay2 = delay, from2 = origin\nfrom csv("${csv}") | join asof other as o on origin == o.from2 and id >= o.id2 | summarize n = count(), d = sum(delay2)`,
  },
  except: {
    flow: (csv) =>
      `let other = from csv("${csv}") | where delay > 0 | select id, origin\nfrom csv("${csv}") | select id, origin | except other | summarize n = count(), d = sum(id)`,
  },
  window: {
    flow: (csv) =>
      `from csv("${csv}") | derive n = row_number() over (by origin sort date, id), s = sum(delay) over (by origin sort date, id rows -10..0) | summarize n = sum(n), s = sum(s)`,
  },
  'window over all': {
    flow: (csv) => `from csv("${csv}") | derive l = lag(delay) over (sort date, id) | summarize d = sum(delay - l)`,
  },
  pivot: {
    flow: (csv) =>
      `from csv("${csv}") | pivot origin values ["ATL", "DEN", "PHX", "LAS"] into sum(delay) by g = id // 8 | summarize a = sum(ATL), d = sum(DEN), p = sum(PHX), l = sum(LAS)`,
  },
  unpivot: {
    flow: (csv) =>
      `from csv("${csv}") | select id, delay, distance | unpivot delay, distance into name, value | sort value, id, name | take 100000.. | summarize n = count(), v = sum(value)`,
  },
  explode: {
    flow: (csv) =>
      `from csv("${csv}") | derive both = [origin, destination] | explode both as airport | distinct airport, id | summarize n = count()`,
  },
  lists: {
    flow: (csv) =>
      `from csv("${csv}") | summarize l = list(delay) by g = id // 50 | explode l | summarize n = count(), d = sum(l)`,
  },
  'take by group': {
    flow: (csv) =>
      `from csv("${csv}") | take 2 sort delay desc, id by g = id // 16 | summarize n = count(), d = sum(delay)`,
  },
  fill: {
    flow: (csv) =>
      `from csv("${csv}") | derive late = if(delay > 0, delay, null) | fill forward late sort date, id by origin | summarize d = sum(late)`,
  },
  shuffle: {
    flow: (csv) => `from csv("${csv}") | shuffle seed 3 | take 100000.. | summarize n = count(), d = sum(delay)`,
  },
  'shared, read twice': {
    flow: (csv) =>
      `let s = from csv("${csv}") | derive far = distance > 1000, route = origin + destination\nfrom s | summarize n = count() by route | sort n desc, route | take 3\nfrom s | where far | sort delay desc, id | take 3`,
  },
  map: {
    code: "export const label = ({ delay, origin }) => ({ late: delay > 15, name: origin + '!' });\n",
    flow: (csv) =>
      `use { label } from "./job.js"\nfrom csv("${csv}") | map label as { late: bool, name: string } | summarize n = count() by late, name | summarize n = sum(n)`,
  },
  map_batches: {
    code: 'export const doubled = ({ id, delay }, rows) => ({ id, twice: Float64Array.from({ length: rows }, (_, i) => Number(delay.values[i]) * 2) });\n',
    flow: (csv) =>
      `use { doubled } from "./job.js"\nfrom csv("${csv}") | select id, delay | map_batches doubled as { id: int, twice: float } | sort twice desc, id | take 100000.. | summarize n = count(), d = sum(twice)`,
  },
  train: {
    flow: (csv) =>
      `let m = from csv("${csv}") | train linear() label delay features distance, id\nfrom csv("${csv}") | predict m | summarize n = count(), p = sum(prediction)`,
  },
  'to csv': { flow: written('csv') },
  'to ndjson': { flow: written('ndjson') },
  'to json': { flow: written('json') },
  'to parquet': { flow: written('parquet') },
  'to arrow': { flow: written('arrow') },
  'to csv gzip': { flow: (csv, dir) => `from csv("${csv}") | where delay > 0 | write csv("${dir}/out.csv.gz")` },
  'to csv in folders': {
    flow: (csv, dir) => `from csv("${csv}") | write csv("${dir}/folders", partition_by: ["origin"])`,
  },
  'from ndjson': read('ndjson'),
  'from json': read('json'),
  'from parquet': read('parquet'),
  'from arrow': read('arrow'),
};
