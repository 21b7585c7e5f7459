import type { EngineLaw, FlowPair } from './engine_laws.ts';
import type { FlowPlace } from './flow_cases.ts';

/** Laws of joins and sets: what is looked at is two relations. */

const anyOrder = (one: string, two: string): FlowPair => ({ one, two, order: 'any order' });
const inOrder = (one: string, two: string): FlowPair => ({ one, two, order: 'in order' });

/** Two relations and how they meet. */
interface Meeting {
  readonly head: string;
  readonly on: string;
  /** The same, seen from the other side. */
  readonly back: string;
  /** Columns of the keys, left and right. */
  readonly keys: readonly [string, string];
}

function meeting(at: FlowPlace): Meeting {
  const head = `let l = from ${at.source('main')}\nlet r = from ${at.source('other')}\n`;
  return at.pick(0, [
    { head, on: 'g == r.k', back: 'k == l.g', keys: ['g', 'k'] },
    { head, on: 'g == r.k and s == r.s', back: 'k == l.g and s == l.s', keys: ['g, s', 'k, s'] },
  ] as const);
}

const joined = ({ on }: Meeting, kind: string): string => `from l | join ${kind}r as r on ${on} add w = r.w, e = r.d`;
const kept = ({ on }: Meeting, kind: string): string => `from l | join ${kind}r as r on ${on}`;
const UNMATCHED = 'derive w = null::int?, e = null::date?';
/** Rows of the right side that meet nothing. */
const missed = ({ back }: Meeting): string => `from r | join anti l as l on ${back}`;
/** As the rows of a join that are of no row of the left side. */
const count = (flow: string): string => `${flow} | summarize n = count()`;

const JOINS: readonly EngineLaw[] = [
  {
    name: 'semi and anti',
    says: 'rows that meet one and rows that meet none are all rows',
    pairs(at) {
      const m = meeting(at);
      return [anyOrder(`${m.head}${kept(m, 'semi ')} | union (${kept(m, 'anti ')})`, `${m.head}from l`)];
    },
  },
  {
    name: 'semi',
    says: 'a semi join leaves the rows that an inner join has, each once for each time it is there',
    pairs(at) {
      const m = meeting(at);
      const numbered = (flow: string): string => flow.replace('from l', 'from numbered');
      const head = `${m.head}let numbered = from l | derive o = row_number() over (sort id)\n`;
      return [
        anyOrder(
          `${head}${numbered(joined(m, ''))} | select o | distinct`,
          `${head}${numbered(kept(m, 'semi '))} | select o`,
        ),
      ];
    },
  },
  {
    name: 'left join',
    says: 'a left join is the inner join, and the rows that meet none',
    pairs(at) {
      const m = meeting(at);
      return [
        anyOrder(
          `${m.head}${joined(m, 'left ')}`,
          `${m.head}${joined(m, '')} | union (${kept(m, 'anti ')} | ${UNMATCHED})`,
        ),
      ];
    },
  },
  {
    name: 'right join',
    says: 'a right join is the inner join, and the rows of the right side that meet none',
    pairs(at) {
      const m = meeting(at);
      return [
        anyOrder(
          `${m.head}${joined(m, 'right ')} | select w, e`,
          `${m.head}${joined(m, '')} | select w, e | union (${missed(m)} | select w, e = d)`,
        ),
      ];
    },
  },
  {
    name: 'full join',
    says: 'a full join is the left join, and the rows of the right side that meet none',
    pairs(at) {
      const m = meeting(at);
      return [
        anyOrder(
          `${m.head}${joined(m, 'full ')} | select w, e`,
          `${m.head}${joined(m, 'left ')} | select w, e | union (${missed(m)} | select w, e = d)`,
        ),
      ];
    },
  },
  {
    name: 'size of a join',
    says: 'of each key an inner join has as many rows as those of both sides multiplied',
    pairs(at) {
      const m = meeting(at);
      const groups = `let a = from l | summarize n = count() by ${m.keys[0]}\nlet b = from r | summarize m = count() by ${m.keys[1]}\n`;
      const product = `from a | join b as r on ${m.on} add m = r.m | summarize n = sum(n * m) | select n = n ?? 0`;
      return [anyOrder(`${m.head}${groups}${product}`, `${m.head}${count(joined(m, ''))}`)];
    },
  },
  {
    name: 'cross join',
    says: 'a cross join has all pairs: a join by a key that all rows share',
    pairs(at) {
      const { head } = meeting(at);
      const one = 'let a = from l | derive one = 1\nlet b = from r | derive one = 1\n';
      return [
        anyOrder(
          `${head}from l | join cross r as r add w = r.w, e = r.d`,
          `${head}${one}from a | join b as r on one == r.one add w = r.w, e = r.d | drop one`,
        ),
      ];
    },
  },
  {
    name: 'join within',
    says: '`in` a relation is a semi join, `not in` one without nulls an anti join',
    pairs(at) {
      const { head } = meeting(at);
      return [
        anyOrder(`${head}from l | where g in (from r | select k)`, `${head}from l | join semi r as r on g == r.k`),
        anyOrder(
          `${head}from l | where g is not null and g not in (from r | where k is not null | select k)`,
          `${head}from l | where g is not null | join anti r as r on g == r.k`,
        ),
      ];
    },
  },
];

/** Two relations of the same columns. */
const sets = (at: FlowPlace): string =>
  `let a = from ${at.source('main')} | select g, s\nlet b = from ${at.source('more')} | select g, s\n`;

function setLaw(name: string, says: string, one: string, two: string, pair = anyOrder): EngineLaw {
  return { name, says, pairs: (at) => [pair(`${sets(at)}${one}`, `${sets(at)}${two}`)] };
}

const SETS: readonly EngineLaw[] = [
  setLaw(
    'distinct twice',
    '`distinct` of different rows changes nothing',
    'from a | distinct | derive q = 1 | drop q | distinct',
    'from a | distinct',
    inOrder,
  ),
  setLaw(
    'distinct groups',
    '`distinct` leaves the keys of all groups',
    'from a | distinct',
    'from a | summarize n = count() by g, s | drop n',
  ),
  setLaw('union either way', 'a union has the same rows from either side', 'from a | union b', 'from b | union a'),
  setLaw(
    'union of different rows',
    '`union distinct` leaves the keys of all groups of a union',
    'from a | union b | summarize n = count() by g, s | drop n',
    'from a | union distinct b',
  ),
  setLaw(
    'except and intersect',
    'different rows that are in the other relation, and that are not, are all different rows',
    'from a | except b | union (from a | intersect b)',
    'from a | distinct',
  ),
  setLaw('except itself', 'nothing is left without itself', 'from a | except a', 'from a | take 0'),
  setLaw(
    'except and intersect, all',
    'with `all`, rows that are taken away and rows that are in both are all rows',
    'from a | except all b | union (from a | intersect all b)',
    'from a',
  ),
  setLaw(
    'intersect either way',
    'an intersection has the same rows from either side',
    'from a | intersect all b',
    'from b | intersect all a',
  ),
];

export const COMBINING_LAWS: readonly EngineLaw[] = [...JOINS, ...SETS];
