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
  try {
    const manifests = await planManifests(options.files, options.config, terminal);
    using directory = SessionDirectory.take(dataDirectory(options.dataDir, terminal.cwd));
    using operatorLog = await openOperatorLog(operatorLogFile(directory.path), options.verbose, terminal);
    const session = await DevSession.start(options, directory.path, operatorLog.logger, terminal);
    const run = new DevRun(options, session, directory.path, operatorLog.shown, terminal);
    try {
      return await run.run(manifests);
    } finally {
      await session.stop();
    }
  } catch (error) {
    // Ctrl-C is how it ends, at whatever moment, unless it was to finish by itself.
    const { interrupted } = terminal;
    if (interrupted.aborted && error === interrupted.reason) return options.once ? 1 : 0;
    throw error;
  }
}
