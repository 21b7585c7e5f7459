// The suites by name: races between contestants, and scripts that measure something of their own.
import * as csv from './csv.mjs';
import * as groupby from './groupby.mjs';
import * as join from './join.mjs';
import * as js from './js.mjs';
import * as ndjson from './ndjson.mjs';
import * as outofcore from './outofcore.mjs';
import * as parquet from './parquet.mjs';
import * as sort from './sort.mjs';
import * as tpch from './tpch.mjs';
import * as window from './window.mjs';

export const RACES = { groupby, join, tpch, sort, csv, ndjson, parquet, js, window, outofcore };
export { SCRIPTS } from './scripts.mjs';
