/** What is needed of `process`. */
export interface SignalSource {
  on(event: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(event: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): void;
}

/** Reason of an abort by the user or the system: nothing went wrong. */
export class ShutdownRequested extends Error {
  override readonly name = 'ShutdownRequested';
  constructor(readonly signalName: NodeJS.Signals) {
    super(`${signalName} received`);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Turns the first SIGINT or SIGTERM into an abort of `signal` (reason: ShutdownRequested), so that the owner can stop
 * in order; a second one, of either kind, exits with 1 at once. Dispose it when everything has stopped.
 */
export class ShutdownSignals implements Disposable {
  readonly #controller = new AbortController();
  readonly #source: SignalSource;

  constructor(source: SignalSource) {
    this.#source = source;
    for (const name of SIGNALS) source.on(name, this.#receive);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly #receive = (name: NodeJS.Signals): void => {
    if (this.#controller.signal.aborted) this.#source.exit(1);
    else this.#controller.abort(new ShutdownRequested(name));
  };

  [Symbol.dispose](): void {
    for (const name of SIGNALS) this.#source.off(name, this.#receive);
  }
}
