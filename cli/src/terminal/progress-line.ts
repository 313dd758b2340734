import { isInteractive, type Terminal } from './terminal.js';

const REDRAW_MS = 100;
const ERASE_LINE = '\r\u001B[K';

/** One line on a terminal that tells how far a long job is; nothing is written where nobody looks. */
export class ProgressLine implements Disposable {
  readonly #terminal: Terminal;
  readonly #visible: boolean;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #drawn = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#visible = isInteractive(terminal.stderr, terminal.env);
  }

  /** Shows `text` in place of what is shown, at most ten times a second. */
  show(text: string): void {
    const now = performance.now();
    if (!this.#visible || now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#drawn = true;
    this.#terminal.stderr.write(`${ERASE_LINE}${text.slice(0, (this.#terminal.stderr.columns ?? 80) - 1)}`);
  }

  /** Clears the line, so that a result can be printed; the next `show` draws it again. */
  hide(): void {
    if (this.#drawn) this.#terminal.stderr.write(ERASE_LINE);
    this.#drawn = false;
  }

  [Symbol.dispose](): void {
    this.hide();
  }
}
