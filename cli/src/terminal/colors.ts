import picocolors from 'picocolors';
import type { Terminal, TextOutput } from './terminal.js';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** Colors for `output`: only on a terminal, and never with NO_COLOR (https://no-color.org) or TERM=dumb. */
export function colorsFor(output: TextOutput, env: Terminal['env']): Colors {
  const forced = (env.FORCE_COLOR ?? '') !== '' && env.FORCE_COLOR !== '0';
  const refused = (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb';
  return picocolors.createColors(!refused && (forced || output.isTTY === true));
}
