/** A line chart as SVG text, made by hand: both axes with labels, a legend, a marker for each point. */
export interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Shown on a logarithmic axis, each with its label, in ascending order. */
  readonly xs: readonly { readonly value: number; readonly label: string }[];
  readonly series: readonly PlotSeries[];
}

export interface PlotSeries {
  readonly name: string;
  /** By position in `xs`; null: no value. */
  readonly ys: readonly (number | null)[];
  readonly color: string;
  readonly dashed?: boolean;
}

const WIDTH = 760;
const HEIGHT = 420;
const LEFT = 70;
const RIGHT = 190;
const TOP = 48;
const BOTTOM = 56;
const TICKS = 5;

export function plotSvg(plot: Plot): string {
  const top = niceTop(Math.max(1, ...plot.series.flatMap((s) => s.ys.map((y) => y ?? 0))));
  const logs = plot.xs.map((x) => Math.log(x.value));
  const [low = 0, high = 0] = [logs[0], logs.at(-1)];
  const x = (i: number): number =>
    high === low
      ? (LEFT + WIDTH - RIGHT) / 2
      : LEFT + (((logs[i] as number) - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const parts = [
    text(WIDTH / 2, 26, plot.title, 'middle', 'font-size="16" font-weight="bold"'),
    ...grid(top, y),
    ...plot.xs.map((tick, i) => text(x(i), HEIGHT - BOTTOM + 20, tick.label, 'middle')),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, plot.xLabel, 'middle'),
    `<text transform="translate(18 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escape(plot.yLabel)}</text>`,
    ...plot.series.flatMap((s) => line(s, x, y)),
    ...plot.series.flatMap((s, i) => legend(s, TOP + 14 + 22 * i)),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

/** The next of 1, 2, 5 times a power of ten that holds the value. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return (([1, 2, 5, 10] as const).find((f) => f * power >= value) ?? 10) * power;
}

function grid(top: number, y: (value: number) => number): string[] {
  return Array.from({ length: TICKS + 1 }, (_, i) => {
    const value = (top * i) / TICKS;
    const at = round(y(value));
    const stroke = i === 0 ? '#444' : '#ddd';
    return `<line x1="${LEFT}" y1="${at}" x2="${WIDTH - RIGHT}" y2="${at}" stroke="${stroke}"/>\n${text(LEFT - 8, at + 4, String(round(value)), 'end')}`;
  });
}

function line(s: PlotSeries, x: (i: number) => number, y: (value: number) => number): string[] {
  const points = s.ys.flatMap((value, i) => (value === null ? [] : [[round(x(i)), round(y(value))] as const]));
  const dash = s.dashed ? ' stroke-dasharray="6 4"' : '';
  return [
    `<polyline fill="none" stroke="${s.color}" stroke-width="2"${dash} points="${points.map((p) => p.join(',')).join(' ')}"/>`,
    ...points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3.5" fill="${s.color}"/>`),
  ];
}

function legend(s: PlotSeries, at: number): string[] {
  const from = WIDTH - RIGHT + 16;
  const dash = s.dashed ? ' stroke-dasharray="6 4"' : '';
  return [
    `<line x1="${from}" y1="${at}" x2="${from + 28}" y2="${at}" stroke="${s.color}" stroke-width="2"${dash}/>`,
    text(from + 36, at + 4, s.name, 'start'),
  ];
}

function text(x: number, y: number, content: string, anchor: string, more = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${more === '' ? '' : ` ${more}`}>${escape(content)}</text>`;
}

const round = (n: number): number => Math.round(n * 100) / 100;
const escape = (s: string): string => s.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
