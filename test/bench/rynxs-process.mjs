import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ANY_PORT = ['--port', '0', '--metrics-port', '0', '--health-port', '0'];
const START_TIMEOUT_MS = 60_000;

/** Command and arguments that run `rynxs` with `args`, for spawn. */
export function rynxs(args) {
  return [process.execPath, [join(ROOT, 'cli/bin/rynxs.js'), ...args]];
}

/** Arguments of a `rynxs dev` that keeps everything in `directory` and takes any free ports. */
export function devArguments(directory) {
  return ['--data-dir', directory, ...ANY_PORT];
}

/** The environment, with a home in `directory`: a signing key is made there. */
export function environment(directory) {
  return { ...process.env, HOME: directory };
}

/** Starts `rynxs dev` with the basic agent; resolves when the agent is Ready and the log verified. */
export async function startDev(directory) {
  const [command, args] = rynxs(['dev', join(ROOT, 'examples/agent-basic.yaml'), ...devArguments(directory)]);
  const child = spawn(command, args, { env: environment(directory), stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`rynxs dev ended with ${code}`);
  });
  const late = AbortSignal.timeout(START_TIMEOUT_MS);
  let printed = '';
  const ready = new Promise((resolve, reject) => {
    late.addEventListener('abort', () => reject(new Error(`rynxs dev is not ready:\n${printed}`)));
    child.stdout.setEncoding('utf8').on('data', (text) => {
      printed += text;
      if (printed.includes('log verified')) resolve();
    });
  });
  ended.catch(() => {}); // a clean stop later is no error
  try {
    await Promise.race([ready, ended]);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    pid: child.pid,
    async stop() {
      child.kill('SIGINT');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
