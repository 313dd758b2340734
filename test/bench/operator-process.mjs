import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.mjs';
import { connectionsTo, cpuMs, residentMb } from './process-usage.mjs';
import { rynxs } from './rynxs-process.mjs';

const START_TIMEOUT_MS = 60_000;
const IDLE_TIMEOUT_MS = 120_000;
const QUIET_MS = 300;
const DOCKERFILE = new URL('../../Dockerfile', import.meta.url);
/** What the image sets that decides how fast an operator is, and how large. */
const IMAGE_ENV = Object.fromEntries(
  [...readFileSync(DOCKERFILE, 'utf8').matchAll(/\b(NODE_ENV|MALLOC_\w+)=(\w+)/g)].map(([, name, value]) => [
    name,
    value,
  ]),
);

/**
 * Starts `rynxs start` on the cluster of a kubeconfig, in the environment that the image gives it, with a signed log in files and
 * nothing else than its defaults; resolves when it is Ready.
 */
export async function startOperatorProcess({ directory, kubeconfig, signingKey }) {
  const healthPort = await freePort();
  const [command, args] = rynxs(['start']);
  const started = performance.now();
  const child = spawn(command, args, {
    cwd: directory,
    env: {
      ...IMAGE_ENV,
      PATH: process.env.PATH,
      HOME: directory,
      KUBECONFIG: kubeconfig,
      EVENT_STORE_TYPE: 'file',
      LOG_DIR: join(directory, 'logs'),
      LOG_SIGNING_KEY_FILE: signingKey,
      LOG_LEVEL: 'warn',
      METRICS_HOST: '127.0.0.1',
      METRICS_PORT: '0',
      HEALTH_PORT: String(healthPort),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    await ready(child, `http://127.0.0.1:${healthPort}/readyz`);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  const { pid } = child;
  const stop = async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return {
    /** From its start until it was Ready. */
    startMs: performance.now() - started,
    cpuMs: () => cpuMs(pid),
    residentMb: () => residentMb(pid),
    /** Established connections to the API server now. */
    connectionsTo: ({ url }) => connectionsTo(pid, Number(new URL(url).port)),
    idle: () => untilIdle(pid),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function ready(child, url) {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`rynxs start ended with ${child.exitCode}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    if (performance.now() > deadline) throw new Error(`rynxs start is not ready: ${await answer?.text()}`);
    await delay(10);
  }
}

/** Resolves when a process has used no CPU for a while, to the time (Unix, in ms) since which. */
async function untilIdle(pid) {
  const deadline = Date.now() + IDLE_TIMEOUT_MS;
  let used = cpuMs(pid);
  let since = Date.now();
  while (Date.now() - since < QUIET_MS) {
    await delay(5);
    const now = cpuMs(pid);
    if (now === used) continue;
    used = now;
    since = Date.now();
    if (since > deadline) throw new Error('the operator does not come to rest');
  }
  return since;
}
