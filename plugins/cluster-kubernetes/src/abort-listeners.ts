const LISTENERS = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `onAbort` when `signal` aborts, until it is disposed of. Hundreds of calls may share the signal of a term; an
 * EventTarget searches all its listeners whenever one comes or goes, so a signal gets one listener for all of them.
 */
export function listenToAbort(signal: AbortSignal, onAbort: () => void): Disposable {
  // A function of its own, so that the same one given twice counts twice.
  const listener = () => onAbort();
  const listeners = LISTENERS.get(signal) ?? attach(signal);
  listeners.add(listener);
  return { [Symbol.dispose]: () => void listeners.delete(listener) };
}

function attach(signal: AbortSignal): Set<() => void> {
  const listeners = new Set<() => void>();
  LISTENERS.set(signal, listeners);
  signal.addEventListener(
    'abort',
    () => {
      for (const listener of [...listeners]) listener();
    },
    { once: true },
  );
  return listeners;
}
