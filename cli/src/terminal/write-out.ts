import type { TextOutput } from './terminal.js';

/**
 * Writes `text`. Where the reader is slower than the writer, a promise that resolves when it has caught up, so that what
 * is printed does not pile up in memory; it rejects when `signal` aborts.
 */
export function writeOut(output: TextOutput, text: string, signal: AbortSignal): Promise<void> | undefined {
  if (output.write(text) !== false || output.once === undefined) return undefined;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    output.once?.('drain', () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
  });
}
