// Golden scripts that are made from the registries: every example of a scalar and of a window function, and every aggregate over one table. A new function is in them
// with UPDATE=1, and without it a test fails.
import { AGGREGATE_LIST, resolveAggregate } from '../../engine/aggregates/registry.ts';
import { FUNCTIONS } from '../../engine/functions/registry.ts';
import { type DataType, T } from '../../engine/types.ts';
import { WINDOW_LIST } from '../../engine/windows/registry.ts';
import type { Script } from './script.ts';

/** Scripts by the name of their file, with the flow alone. */
export function generatedScripts(): ReadonlyMap<string, Script> {
  const families = [...new Set(Object.values(FUNCTIONS).map((def) => def.family))];
  const flows: (readonly [string, string, readonly string[]])[] = [
    ...families.map((family) => [`functions_${family}`, scalars(family), ['values']] as const),
    ['aggregates', aggregates(), ['tasks', 'values']],
    ['functions_over', windows(), ['tasks', 'values']],
  ];
  return new Map(
    flows.map(([name, flow, tags]) => [
      `${name}.golden`,
      {
        head: '# made from the registry by tests/golden/generated.ts\n',
        sections: new Map([['flow', flow], ...tags.map((tag) => [tag, ''] as const)]),
      },
    ]),
  );
}

function select(head: string, items: readonly (readonly [name: string, expression: string])[]): string {
  const seen = new Map<string, number>();
  const lines = items.map(([name, expression]) => {
    const n = (seen.get(name) ?? 0) + 1;
    seen.set(name, n);
    return `  \`${name}${n === 1 ? '' : ` ${n}`}\` = ${expression}`;
  });
  return `${head}\n${lines.join(',\n')}`;
}

function scalars(family: string): string {
  const defs = Object.values(FUNCTIONS).filter((def) => def.family === family);
  return select(
    'from csv("data/one.csv") | select',
    defs.flatMap((def) => def.examples.map(([text]) => [def.name, text] as const)),
  );
}

function windows(): string {
  return select(
    'from csv("data/readings.csv") | select',
    WINDOW_LIST.flatMap((def) => def.examples.map(([text]) => [def.name, text] as const)),
  );
}

const ARGUMENTS: readonly (readonly [text: string, types: readonly DataType[]])[] = [
  ['', []],
  ['ok', [T.bool]],
  ['n', [T.int]],
  ['x', [T.float]],
  ['s', [T.string]],
  ['x, n', [T.float, T.int]],
  ['s, "-"', [T.string, T.string]],
];

/** Every aggregate, over the first arguments that it takes. */
function aggregates(): string {
  const items = AGGREGATE_LIST.map((def) => {
    const found = ARGUMENTS.find(([, types]) => resolveAggregate(def.name, types, false) !== null);
    if (found === undefined) throw new Error(`no arguments for ${def.name}: add them here`);
    const given = /\bq: float\b/.test(def.signature) ? 'x, 0.5' : found[0];
    return [def.name, `${def.name}(${given})`] as const;
  });
  return `${select('from csv("data/measures.csv") | sort at | summarize', items)}\n  by k | sort k`;
}
