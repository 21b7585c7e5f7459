// The suites by name: races between contestants, and scripts that measure something of their own.
import * as csv from './csv.mjs';
import * as groupby from './groupby.mjs';
import * as join from './join.mjs';
import * as ndjson from './ndjson.mjs';
import * as parquet from './parquet.mjs';
import * as sort from './sort.mjs';

export const RACES = { groupby, join, sort, csv, ndjson, parquet };
export { SCRIPTS } from './scripts.mjs';
