import { dataDirectory, operatorLogFile } from '../data-directory.js';
import type { Terminal } from '../terminal/terminal.js';
import type { DevOptions } from './dev-options.js';
import { DevRun } from './dev-run.js';
import { DevSession } from './dev-session.js';
import { openOperatorLog } from './operator-log.js';
import { planManifests } from './plan-manifests.js';
import { SessionDirectory } from './session-directory.js';

/**
 * `rynxs dev`. Resolves to the exit code: 0 after Ctrl-C, and with `--once` when the agents are Ready and the log is
 * verified. Rejects, with everything stopped, for what it cannot start with or go on after.
 */
export async function runDev(options: DevOptions, terminal: Terminal): Promise<number> {
  // Ctrl-C is how it ends, at whatever moment, unless it was to finish by itself.
  const interrupted = options.once ? 1 : 0;
  const unlessInterrupted = <T>(work: Promise<T>): Promise<T | undefined> =>
    work.catch((error: unknown) => {
      // Whatever fails after Ctrl-C while something is under way fails because of it.
      if (terminal.interrupted.aborted) return undefined;
      throw error;
    });

  const manifests = await unlessInterrupted(planManifests(options.files, options.config, terminal));
  if (manifests === undefined) return interrupted;
  using directory = SessionDirectory.take(dataDirectory(options.dataDir, terminal.cwd));
  using operatorLog = await openOperatorLog(operatorLogFile(directory.path), options.verbose, terminal);
  const session = await unlessInterrupted(
    DevSession.start(options, directory.path, operatorLog.logger, terminal),
  );
  if (session === undefined) return interrupted;
  try {
    const run = new DevRun(options, session, directory.path, operatorLog.shown, terminal);
    return (await unlessInterrupted(run.run(manifests))) ?? interrupted;
  } finally {
    await session.stop();
  }
}
