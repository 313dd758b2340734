import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Two variables in a process's environment say to which cluster it belongs, and as what. The processes of a cluster are
 * found by them, also when what started it was killed and could write nothing down. Linux only.
 */
const CLUSTER = 'RYNXS_TEST_CLUSTER';
const COMPONENT = 'RYNXS_TEST_CLUSTER_COMPONENT';

const POLL_MS = 20;
const LOG_TAIL_CHARACTERS = 2_000;

/** A running part of a cluster. */
export interface Component {
  readonly name: string;
  readonly pid: number;
}

/** What a process has to have in its environment to be ended with the cluster. */
export function membershipOf(directory: string, component: string): Readonly<Record<string, string>> {
  return { [CLUSTER]: directory, [COMPONENT]: component };
}

export interface Start {
  /** Directory of the cluster. */
  readonly directory: string;
  readonly name: string;
  readonly command: readonly string[];
  /** Where it prints to. */
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a part of a cluster, which goes on when its caller ends. Rejects when the command cannot be run. */
export async function startComponent({ directory, name, command, logFile, env }: Start): Promise<Component> {
  const [file = '', ...args] = command;
  const log = openSync(logFile, 'a');
  try {
    const child = spawn(file, args, {
      cwd: directory,
      // The test's own directories stay named there: a test run ends whatever names them.
      env: { ...process.env, ...env, ...membershipOf(directory, name) },
      stdio: ['ignore', log, log],
      detached: true,
    });
    child.unref();
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    return { name, pid: child.pid as number };
  } finally {
    closeSync(log);
  }
}

/** The running parts of the cluster in `directory`; all of them, or those with this name. */
export function componentsOf(directory: string, name?: string): readonly Component[] {
  const found: Component[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const component = membership(Number(entry), directory);
    if (component !== undefined && (name === undefined || component === name)) {
      found.push({ name: component, pid: Number(entry) });
    }
  }
  return found;
}

/** Ends the processes and waits until they are gone; those that outlive `patienceMs` are killed. */
export async function endComponents(
  directory: string,
  components: readonly Component[],
  { signal = 'SIGTERM', patienceMs = 10_000 }: { signal?: NodeJS.Signals; patienceMs?: number } = {},
): Promise<void> {
  const found = components
    .filter(({ pid }) => membership(pid, directory) !== undefined)
    .map((component) => ({ ...component, startedAt: startOf(component.pid) }));
  const left = () =>
    found.filter(({ pid, startedAt }) => startedAt !== undefined && startOf(pid) === startedAt);
  for (const { pid } of left()) send(pid, signal);
  if (signal !== 'SIGKILL') {
    await until(() => left().length === 0, patienceMs);
    for (const { pid } of left()) send(pid, 'SIGKILL');
  }
  if (await until(() => left().length === 0, patienceMs)) return;
  const names = left().map(({ name, pid }) => `${name} (${pid})`);
  throw new Error(`processes of ${directory} do not end: ${names.join(', ')}`);
}

/** Stops the processes where they stand for as long as `action` takes. */
export async function whilePaused<T>(components: readonly Component[], action: () => Promise<T>): Promise<T> {
  for (const { pid } of components) send(pid, 'SIGSTOP');
  try {
    return await action();
  } finally {
    for (const { pid } of components) send(pid, 'SIGCONT');
  }
}

/**
 * Waits until `isReady` says so. Rejects with the end of its log when the component ends before, or is not ready in
 * time.
 */
export async function untilReady(
  directory: string,
  component: Component,
  logFile: string,
  isReady: () => Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isReady())) {
    const hasEnded = membership(component.pid, directory) === undefined;
    if (hasEnded || performance.now() > deadline) {
      const what = hasEnded ? 'ended' : `was not ready within ${timeoutMs / 1000} s`;
      throw new Error(`${component.name} ${what}; the end of ${logFile}:\n${tailOf(logFile)}`);
    }
    await delay(POLL_MS);
  }
}

/** Resolves to whether `condition` came true within the time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() > deadline) return false;
    await delay(POLL_MS);
  }
}

export function tailOf(logFile: string): string {
  return readFileSync(logFile, 'utf8').slice(-LOG_TAIL_CHARACTERS).trim();
}

/** As what a process belongs to the cluster; undefined when it does not, has ended, or is another user's. */
function membership(pid: number, directory: string): string | undefined {
  let environment: string[];
  try {
    environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return undefined;
  }
  if (!environment.includes(`${CLUSTER}=${directory}`)) return undefined;
  return environment.find((entry) => entry.startsWith(`${COMPONENT}=`))?.slice(COMPONENT.length + 1);
}

/**
 * When the process started, which tells it from a later one of the same number (proc_pid_stat(5), in ticks); undefined
 * when it is gone with everything that it had open, also if nobody has asked for its exit code yet.
 */
function startOf(pid: number): string | undefined {
  try {
    // The second field, the command, may hold anything but ends with the last parenthesis.
    const [state, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    const isGone = state === 'Z' && readdirSync(`/proc/${pid}/task`).length === 1;
    return isGone ? undefined : fields[18];
  } catch {
    return undefined;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
