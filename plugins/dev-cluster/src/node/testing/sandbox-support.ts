import { SystemClock } from '@rynxs/kernel';
import type { SandboxRuntime } from '../sandbox/container-process.js';
import { hostHas, probeSandbox } from '../sandbox/probe.js';

/**
 * The runtimes that work here, best first. Where there is none, skips the tests of `context` and says why; in CI they must
 * run, so there it fails.
 */
export async function availableRuntimes(context: Mocha.Context): Promise<readonly SandboxRuntime[]> {
  const probe = await probeSandbox(new SystemClock(), new AbortController().signal);
  if ('runtime' in probe) return probe.runtime === 'bubblewrap' ? ['bubblewrap', 'unshare'] : ['unshare'];
  if (process.env.CI === 'true') throw new Error(`no sandbox in CI: ${probe.unavailable}`);
  if (context.test !== undefined) context.test.title += ` (skipped: ${probe.unavailable})`;
  context.skip();
}

/** Skips a test for `bubblewrap` where that is not installed. */
export function needsRuntime(context: Mocha.Context, runtime: SandboxRuntime): void {
  if (runtime === 'bubblewrap' && !hostHas('bwrap')) {
    if (context.test !== undefined) context.test.title += ' (skipped: bubblewrap is not installed)';
    context.skip();
  }
}
