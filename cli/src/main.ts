import { restrainYoungGeneration } from './heap-growth.js';

// Before anything is loaded.
restrainYoungGeneration();
const { ShutdownSignals } = await import('@rynxs/kernel');
const { runCommandLine } = await import('./command-line.js');
const { withoutEchoes } = await import('./terminal/signal-echo.js');

using shutdown = new ShutdownSignals(withoutEchoes(process, () => performance.now()));

// `rynxs log tail | head` closes the pipe when it has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  interrupted: shutdown.signal,
});
