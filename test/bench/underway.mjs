const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 };

/** What a benchmark has begun and must not outlive it; what is disposed twice was over already. */
const underway = new AsyncDisposableStack();

/** Has something disposed also when the benchmarks are interrupted. Returns it. */
export function keepTrack(resource) {
  return underway.use(resource);
}

/** Ends what was begun when the process is told to end, or cannot go on. */
export function endWithProcess() {
  for (const [signal, code] of Object.entries(EXIT_CODES)) {
    process.once(signal, () => end(code));
  }
  process.once('uncaughtException', (error) => {
    process.stderr.write(`${error.stack}\n`);
    end(1);
  });
}

async function end(code) {
  await underway.disposeAsync();
  process.exit(code);
}
