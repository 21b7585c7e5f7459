/** Terminal styling of one stream: the identity where colours are not wanted. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly enabled: boolean;
}

interface TerminalLike {
  readonly isTTY?: boolean;
}

/** NO_COLOR and FORCE_COLOR decide first (https://no-color.org), then whether the stream is a terminal. */
export function styleFor(stream: TerminalLike, env: NodeJS.ProcessEnv = process.env): Style {
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  const enabled = forced || (stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb');
  const wrap = (open: number, close: number) =>
    enabled ? (text: string) => `\u001b[${open}m${text}\u001b[${close}m` : (text: string) => text;
  return { bold: wrap(1, 22), dim: wrap(2, 22), red: wrap(31, 39), green: wrap(32, 39), enabled };
}
