/** Drawings of task graphs: those of flows (`explain`) and those built by hand (`dag().draw`). */

export type DrawingFormat = 'text' | 'mermaid' | 'dot';

export interface DrawnNode {
  /** A word: letters and digits, the same in all formats. */
  readonly id: string;
  /** What text calls it; default: the id. */
  readonly name?: string;
  readonly kind: string;
  readonly label: string;
  /** box: work; hexagon: data that changes hands; slant: what goes in or out. */
  readonly shape: 'box' | 'hexagon' | 'slant';
}

export interface DrawnEdge {
  readonly from: string;
  readonly to: string;
  /** On the edge in text, where text says more than a drawing. */
  readonly word?: string;
  /** On the edge in every format. */
  readonly label?: string;
}

export interface Drawing {
  /** In the order in which text lists them. */
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
}

export function draw(drawing: Drawing, format: DrawingFormat): string {
  switch (format) {
    case 'text':
      return drawText(drawing, 0);
    case 'mermaid':
      return drawMermaid(drawing);
    case 'dot':
      return drawDot(drawing);
  }
}

/** A line for each node: its name, its kind, its label, and what it reads from. `nameWidth`: the least width of the first column. */
export function drawText({ nodes, edges }: Drawing, nameWidth: number): string {
  const nameOf = new Map(nodes.map((n) => [n.id, oneLine(n.name ?? n.id)]));
  const sources = new Map<string, string[]>();
  for (const { from, to, word, label } of edges) {
    const note = word ?? label;
    const source = `${nameOf.get(from) ?? from}${note === undefined ? '' : ` ${note}`}`;
    const known = sources.get(to);
    if (known === undefined) sources.set(to, [source]);
    else known.push(source);
  }
  const width = (texts: Iterable<string>, least: number): number => {
    let most = least;
    for (const text of texts) most = Math.max(most, text.length + 1);
    return most;
  };
  const first = width(nameOf.values(), nameWidth);
  const second = width(new Set(nodes.map((n) => n.kind)), KIND_WIDTH);
  return nodes
    .map(({ id, kind, label }) => {
      const from = sources.get(id);
      const line = `${(nameOf.get(id) ?? id).padEnd(first)}${kind.padEnd(second)}${oneLine(label)}`;
      return `${line.trimEnd()}${from === undefined ? '' : `  <- ${from.join(', ')}`}`;
    })
    .join('\n');
}

const KIND_WIDTH = 9;

/** Names and paths may hold line ends. */
function oneLine(s: string): string {
  return s.replace(/[\p{Cc}\u2028\u2029]/gu, (c) =>
    c === '\n' ? '\\n' : `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** Labels come from users' files: quotes and brackets must not end a node's text. */
function escapeMermaid(s: string): string {
  return s.replace(/[^\p{L}\p{N} _.,:|()*/=+-]/gu, (c) => `#${c.codePointAt(0)};`);
}

const MERMAID: Readonly<Record<DrawnNode['shape'], (label: string) => string>> = {
  box: (label) => `[${label}]`,
  hexagon: (label) => `{{${label}}}`,
  slant: (label) => `[/${label}/]`,
};

function drawMermaid({ nodes, edges }: Drawing): string {
  const drawn = nodes.map((n) => `  ${n.id}${MERMAID[n.shape](`"${escapeMermaid(n.label)}"`)}`);
  const lines = edges.map((e) => `  ${e.from} -->${e.label === undefined ? '' : `|${e.label}|`} ${e.to}`);
  return ['flowchart TD', ...drawn, ...lines].join('\n');
}

function drawDot({ nodes, edges }: Drawing): string {
  const q = (s: string): string => `"${oneLine(s).replace(/[\\"]/g, '\\$&')}"`;
  const drawn = nodes.map(
    (n) => `  ${n.id} [label=${q(n.label)}, shape=${n.shape === 'hexagon' ? 'hexagon' : 'box'}];`,
  );
  const lines = edges.map((e) => `  ${e.from} -> ${e.to}${e.label === undefined ? '' : ` [label=${q(e.label)}]`};`);
  return ['digraph flow {', ...drawn, ...lines, '}'].join('\n');
}
