import type { SandboxRuntime } from '../sandbox/container-process.js';
import { SandboxHarness } from './sandbox-harness.js';

/**
 * An operator for tests to kill, or to run as somebody else. `hold <runtime>`: starts a container that has shaken off its
 * death signal, and a command in it; prints the container's pid and waits. `facts <runtime>`: prints what `id` says in a
 * container and ends.
 */
const [mode, runtime] = process.argv.slice(2);
const harness = await SandboxHarness.create(runtime as SandboxRuntime);
if (mode === 'hold') {
  const script =
    "trap '' TERM HUP INT; setpriv --pdeathsig=clear sleep 4713 & exec setpriv --pdeathsig=clear sleep 4713";
  const container = await harness.start(['sh', '-c', script]);
  await harness.enter(container, ['setpriv', '--pdeathsig=clear', 'sleep', '4713']);
  process.stdout.write(`${JSON.stringify({ dir: harness.dir, pid: container.pid })}\n`);
} else {
  const { stdout } = await harness.sh('id -u; touch /workspace/x && ls -ln /workspace', {
    mounts: [{ source: await harness.volume('data'), path: '/workspace', readOnly: false }],
  });
  await harness.close();
  process.stdout.write(`${JSON.stringify({ uid: process.getuid?.(), stdout })}\n`);
}
