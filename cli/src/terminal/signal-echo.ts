import type { SignalSource } from '@rynxs/kernel';

/** Far less than a person needs to press Ctrl-C again, far more than a parent needs to pass a signal on. */
const ECHO_MS = 300;

/**
 * Passes signals on but for those that follow the last one at once: on a terminal Ctrl-C reaches every process of the
 * group, and npm and `npm start` pass it on to their child besides, so one press arrives up to three times.
 */
export function withoutEchoes(source: SignalSource, now: () => number): SignalSource {
  let last = Number.NEGATIVE_INFINITY;
  const wrapped = new Map<(signal: NodeJS.Signals) => void, (signal: NodeJS.Signals) => void>();
  return {
    on: (event, listener) => {
      const filtered =
        wrapped.get(listener) ??
        ((signal) => {
          const isEcho = now() - last < ECHO_MS;
          last = now();
          if (!isEcho) listener(signal);
        });
      wrapped.set(listener, filtered);
      return source.on(event, filtered);
    },
    off: (event, listener) => source.off(event, wrapped.get(listener) ?? listener),
    exit: (code) => source.exit(code),
  };
}
