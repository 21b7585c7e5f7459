import fc from 'fast-check';
import type { EngineLaw, FlowPair } from './engine_laws.ts';
import type { FlowPlace } from './flow_cases.ts';
import { arbitraryPipeline, MAIN } from './pipelines.ts';

/** Laws of filters, sources, sorts and aggregates: what is looked at is one relation. */

const NAMES = MAIN.map((f) => f.name);
const ALL = NAMES.join(', ');
const inOrder = (one: string, two: string): FlowPair => ({ one, two, order: 'in order' });
const anyOrder = (one: string, two: string): FlowPair => ({ one, two, order: 'any order' });

/** Some keys of `sort`, in any direction. */
function sortKeys(at: FlowPlace): readonly string[] {
  const from = at.number(0, NAMES.length);
  const some = [...NAMES.slice(from), ...NAMES.slice(0, from)].slice(0, 1 + at.number(1, 3));
  return some.map((n, i) => `${n}${at.pick(i + 2, ['', ' desc', ' nulls first', ' desc nulls first'])}`);
}

const FILTERS: readonly EngineLaw[] = [
  {
    name: 'filter of a union',
    says: 'filtering a union is the union of what is filtered',
    pairs(at) {
      const p = at.condition('main');
      const [main, more] = [at.source('main'), at.source('more')];
      const head = `let more = from ${more}\n`;
      return [
        inOrder(
          `${head}from ${main} | union more | where ${p}`,
          `${head}from ${main} | where ${p} | union (from more | where ${p})`,
        ),
      ];
    },
  },
  {
    name: 'three answers',
    says: 'rows of which a condition is true, false and null are all rows',
    pairs(at) {
      const p = at.condition('main');
      const head = `let t = from ${at.source('main')}\n`;
      const parts = `from t | where ${p} | union (from t | where not (${p})) | union (from t | where (${p}) is null)`;
      return [anyOrder(`${head}${parts}`, `${head}from t`)];
    },
  },
  {
    name: 'remove',
    says: '`remove` leaves the rows of which a condition is not true',
    pairs(at) {
      const p = at.condition('main');
      const source = at.source('main');
      return [inOrder(`from ${source} | remove ${p}`, `from ${source} | where (not (${p})) ?? true`)];
    },
  },
  {
    name: 'always true',
    says: 'a condition that is always true changes nothing',
    pairs(at) {
      const p = at.condition('main');
      const source = at.source('main');
      return ['true', `(${p}) or not (${p}) or (${p}) is null`, `(${p}) is (${p})`, 'id is not null'].map((always) =>
        inOrder(`from ${source} | where ${always}`, `from ${source}`),
      );
    },
  },
  {
    name: 'never true',
    says: 'a condition that is never true leaves no row',
    pairs(at) {
      const p = at.condition('main');
      const source = at.source('main');
      return ['not true', `(${p}) is null and (${p})`, 'id is null'].map((never) =>
        inOrder(`from ${source} | where ${never}`, `from ${source} | take 0`),
      );
    },
  },
];

const SOURCES: readonly EngineLaw[] = [
  {
    name: 'several files',
    says: 'a source in several files is the same source',
    pairs(at) {
      const [whole, split] = [at.source('main'), at.inFiles('main')];
      const steps = [`where ${at.condition('main')}`, `sort ${ALL}`, 'distinct', 'take 7', 'skip 3'];
      const sums = 'summarize n = count(), t = sum(id), m = max(s) by g';
      return [
        ...steps.map((step) => inOrder(`from ${whole} | ${step}`, `from ${split} | ${step}`)),
        anyOrder(`from ${whole} | ${sums}`, `from ${split} | ${sums}`),
      ];
    },
  },
  {
    name: 'folders',
    says: 'rows that are written into folders by key are all there when they are read again',
    pairs(at) {
      const source = at.source('main');
      if (at.rowsOf('main').length === 0) return [];
      const types = source.slice(source.indexOf(' as '));
      return (
        [
          ['parquet', 'g'],
          ['ndjson', 's'],
        ] as const
      ).map(([format, key]) => {
        const columns = [key, ...NAMES.filter((name) => name !== key)].join(', ');
        const read = `from ${format}("out-${format}/**/part-0.*", hive: true)${types} | select ${columns}`;
        return {
          first: [`from ${source} | write ${format}("out-${format}", partition_by: "${key}")`],
          ...anyOrder(read, `from ${source} | select ${columns}`),
        };
      });
    },
  },
  {
    name: 'reversed',
    says: 'the order of the input shows only in an order that the flow leaves open',
    pairs(at) {
      const small = { maxSteps: 5, maxRows: 1, nested: false, functions: false };
      const [p] = fc.sample(arbitraryPipeline(small), { numRuns: 1, seed: 1 + at.number(0, 0xffff) });
      const back = (table: string): string => at.source(table, [...at.rowsOf(table)].reverse(), `${table}-reversed`);
      const pairs = [inOrder(`from ${at.source('main')} | sort ${ALL}`, `from ${back('main')} | sort ${ALL}`)];
      if (p === undefined) return pairs;
      return [
        ...pairs,
        anyOrder(
          p.flow((table) => at.source(table)),
          p.flow(back),
        ),
      ];
    },
  },
];

const AGGREGATES: readonly EngineLaw[] = [
  {
    name: 'aggregates of parts',
    says: 'aggregates of parts make the aggregates of all',
    pairs(at) {
      const head = `let t = from ${at.source('main')} | derive part = id % 3\n`;
      const key = at.pick(0, ['g', 's', 'b']);
      const each = 'n = count(), k = count(m), t = sum(id), lo = min(s), hi = max(at), any = any(b), every = all(b)';
      const merged =
        'n = sum(n), k = sum(k), t = sum(t), lo = min(lo), hi = max(hi), any = any(any), every = all(every)';
      return [
        anyOrder(
          `${head}from t | summarize ${each} by ${key}`,
          `${head}from t | summarize ${each} by ${key}, part | summarize ${merged} by ${key}`,
        ),
      ];
    },
  },
  {
    name: 'subtotals',
    says: 'each level of `rollup` is a `summarize` of its own, and the last one counts all rows',
    pairs(at) {
      const head = `let t = from ${at.source('main')} | select g = g ?? 0, s = s ?? ""\n`;
      const level = (keys: string, rest: string): string =>
        `(from t | summarize n = count()${keys} | select ${rest}, n)`;
      return [
        anyOrder(
          `${head}from t | summarize n = count() by rollup(g, s) | select g, s, n`,
          `${head}from ${level(' by g, s', 'g, s')} | union ${level(' by g', 'g, s = null::string?')} | union ${level('', 'g = null::int?, s = null::string?')}`,
        ),
      ];
    },
  },
];

const SORTS: readonly EngineLaw[] = [
  {
    name: 'sort permutes',
    says: 'sorting leaves every row as often as it is there',
    pairs: (at) => [
      anyOrder(`from ${at.source('main')} | sort ${sortKeys(at).join(', ')}`, `from ${at.source('main')}`),
    ],
  },
  {
    name: 'sort twice',
    says: 'sorting what is sorted changes nothing',
    pairs(at) {
      const [source, keys] = [at.source('main'), sortKeys(at).join(', ')];
      // Filters and derived columns in between, so that the second sort is not merged away.
      const between = 'derive q = id + 1 | where q is not null';
      return [
        inOrder(`from ${source} | sort ${keys} | sort ${keys}`, `from ${source} | sort ${keys}`),
        inOrder(`from ${source} | sort ${keys} | ${between} | sort ${keys} | drop q`, `from ${source} | sort ${keys}`),
      ];
    },
  },
  {
    name: 'sort is stable',
    says: 'sorting by the last key first, then by the one before, is sorting by all',
    pairs(at) {
      const [source, keys] = [at.source('main'), sortKeys(at)];
      const steps = [...keys].reverse().map((key) => `sort ${key}`);
      return [inOrder(`from ${source} | ${steps.join(' | ')}`, `from ${source} | sort ${keys.join(', ')}`)];
    },
  },
  {
    name: 'the first rows',
    says: '`take 5 sort …` is the first five of all sorted rows, and so are three and the two behind them',
    pairs(at) {
      const [source, keys] = [at.source('main'), sortKeys(at).join(', ')];
      const sorted = `from ${source} | sort ${keys}`;
      return [
        inOrder(`${sorted} | take 5`, `from ${source} | take 5 sort ${keys}`),
        inOrder(
          `${sorted} | take 5`,
          `let sorted = ${sorted}\nfrom sorted | take 3 | union (from sorted | skip 3 | take 2)`,
        ),
      ];
    },
  },
  {
    name: 'the first rows of each',
    says: '`take 2 sort … by …` is what `row_number()` counts to 2',
    pairs(at) {
      const [source, keys] = [at.source('main'), `${sortKeys(at).join(', ')}, id`];
      return [
        anyOrder(
          `from ${source} | derive o = row_number() over (by g sort ${keys}, ${ALL}) | where o <= 2 | drop o`,
          `from ${source} | take 2 sort ${keys}, ${ALL} by g`,
        ),
      ];
    },
  },
];

export const ROW_LAWS: readonly EngineLaw[] = [...FILTERS, ...SOURCES, ...AGGREGATES, ...SORTS];
