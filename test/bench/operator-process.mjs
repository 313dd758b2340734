import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.mjs';
import { connectionsTo, cpuMs, residentMb } from './process-usage.mjs';
import { rynxs } from './rynxs-process.mjs';

const START_TIMEOUT_MS = 60_000;
const IDLE_TIMEOUT_MS = 120_000;
const QUIET_MS = 300;
const LEAST_CONTROLLER = fileURLToPath(new URL('least-controller.mjs', import.meta.url));
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
  return measured(child, started, `http://127.0.0.1:${healthPort}/readyz`);
}

/**
 * Starts the least controller that can be (least-controller.mjs) on `work`, as the benchmarks' measure of what no operator in
 * Node.js can do without; resolves when it watches.
 *
 * @param {{ directory: string, work: import('./least-controller.mjs').Work }} options
 */
export async function startLeastController({ directory, work }) {
  const healthPort = await freePort();
  const file = join(directory, 'least-controller.json');
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, JSON.stringify(work));
  const started = performance.now();
  const child = spawn(process.execPath, [LEAST_CONTROLLER, file, String(healthPort)], {
    env: { ...IMAGE_ENV, PATH: process.env.PATH, HOME: directory },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return measured(child, started, `http://127.0.0.1:${healthPort}/`);
}

/** A child process that is to be measured, once `url` is answered. */
async function measured(child, started, url) {
  try {
    await ready(child, url);
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
    /** Without the pages of files, of which a machine maps more or less with each start. */
    anonymousMb: () => residentMb(pid, 'RssAnon'),
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
    const end = child.exitCode ?? child.signalCode;
    if (end !== null) throw new Error(`${child.spawnargs.join(' ')} ended with ${end}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    if (performance.now() > deadline) {
      throw new Error(`${child.spawnargs.join(' ')} is not ready: ${await answer?.text()}`);
    }
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
    if (since > deadline) throw new Error('it does not come to rest');
  }
  return since;
}
