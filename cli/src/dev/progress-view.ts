import { colorsFor } from '../terminal/colors.js';
import { formatElapsed } from '../terminal/quantities.js';
import { isInteractive, type Terminal, type TextOutput } from '../terminal/terminal.js';
import type { AgentProgress } from './agent-progress.js';
import { newlyDone, renderProgress } from './progress-text.js';

const REDRAW_MS = 80;

/** Shows how far agents are. */
export interface ProgressView {
  show(progress: readonly AgentProgress[]): void;
  /** Leaves what is shown and ends the display. Idempotent. */
  end(): void;
}

/** A display that is redrawn where a person looks at `output`, lines elsewhere and where other lines would mix in. */
export async function createProgressView(
  output: TextOutput,
  env: Terminal['env'],
  othersWrite: boolean,
): Promise<ProgressView> {
  if (othersWrite || !isInteractive(output, env)) return new ProgressLines(output);
  const { createLogUpdate } = await import('log-update');
  // What says that it is a terminal is a terminal's stream.
  const draw = createLogUpdate(output as NodeJS.WriteStream);
  const colors = colorsFor(output, env);
  let progress: readonly AgentProgress[] = [];
  let frame = 0;
  const redraw = (): void => draw(renderProgress(progress, frame++, colors));
  const timer = setInterval(redraw, REDRAW_MS);
  return {
    show: (now) => {
      progress = now;
    },
    end: () => {
      clearInterval(timer);
      redraw();
      draw.done();
    },
  };
}

/** One line for each step, when it is done, with the time since the display began. */
export class ProgressLines implements ProgressView {
  readonly #output: TextOutput;
  readonly #started = performance.now();
  #last: readonly AgentProgress[] = [];

  constructor(output: TextOutput) {
    this.#output = output;
  }

  show(progress: readonly AgentProgress[]): void {
    const elapsed = formatElapsed(performance.now() - this.#started);
    for (const line of newlyDone(this.#last, progress)) this.#output.write(`${line}  (${elapsed})\n`);
    this.#last = progress;
  }

  end(): void {}
}
