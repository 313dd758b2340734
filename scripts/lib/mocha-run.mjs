import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nodeBinary, root } from './install-and-build.mjs';
import { noTests } from './totals.mjs';

const RUN_DEADLINE_MS = 30 * 60_000;
/** How long what a test file or the run began may take to end. */
const PATIENCE_MS = 3_000;

/**
 * Runs mocha over `files` in directories of its own for HOME and temporary files, without the caller's kubeconfig or
 * Rynxs settings. Whatever the run leaves there or leaves running is ended, removed, and counted as one failure.
 *
 * @param {{ files: string[], args?: string[], env?: Record<string, string>, out?: number, patienceMs?: number }} options
 *   `out` is the descriptor that everything is printed to
 * @returns {Promise<import('./totals.mjs').Totals>}
 */
export async function runMocha({ files, args = [], env = {}, out = 1, patienceMs = PATIENCE_MS }) {
  const directory = mkdtempSync(join(tmpdir(), `rynxs-test-${randomUUID().slice(0, 8)}-`));
  const temporary = join(directory, 'tmp');
  const home = join(directory, 'home');
  const totalsFile = join(directory, 'totals.json');
  for (const path of [temporary, home]) mkdirSync(path);
  // Tests become other users to show what those may do, as in the system's own /tmp.
  chmodSync(directory, 0o755);
  chmodSync(temporary, 0o1777);
  try {
    const fault = await mocha(files, args, out, {
      ...outsideSettingsRemoved(process.env),
      ...env,
      HOME: home,
      // npm and tsc would leave a cache of their own code behind.
      NODE_DISABLE_COMPILE_CACHE: '1',
      TMPDIR: temporary,
      RYNXS_TEST_TOTALS: totalsFile,
      RYNXS_TEST_PATIENCE_MS: String(patienceMs),
    });
    const totals = readTotals(totalsFile);
    const faults = [
      ...(fault === undefined || totals.failed > 0 ? [] : [fault]),
      ...(await endProcessesOf(directory, patienceMs)),
      ...readdirSync(temporary).map((name) => `left behind in the directory for temporary files: ${name}`),
    ];
    for (const text of faults) writeSync(out, `✗ ${text}\n`);
    if (faults.length === 0) return totals;
    const failures = [...totals.failures, ...faults.map((text) => text.split('\n', 1)[0])];
    return { ...totals, failed: totals.failed + 1, failures };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Resolves to why the run is not good although no test may have failed, or undefined. */
function mocha(files, args, out, env) {
  return new Promise((resolve) => {
    const child = spawn(
      nodeBinary,
      [
        join(root, 'node_modules/mocha/bin/mocha.js'),
        '--no-config',
        '--no-package',
        '--forbid-only',
        '--require',
        join(root, 'scripts/lib/test-hooks.mjs'),
        '--reporter',
        join(root, 'scripts/lib/test-reporter.mjs'),
        ...args,
        ...files,
      ],
      { cwd: root, env, stdio: ['ignore', out, out === 1 ? 2 : out] },
    );
    const deadline = setTimeout(() => child.kill('SIGKILL'), RUN_DEADLINE_MS);
    const interrupt = () => child.kill('SIGINT');
    process.once('SIGINT', interrupt);
    process.once('SIGTERM', interrupt);
    child.once('error', (error) => resolve(`mocha cannot be run: ${error.message}`));
    child.once('exit', (code, signal) => {
      clearTimeout(deadline);
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
      if (code === 0) resolve(undefined);
      else if (signal === 'SIGKILL')
        resolve(`the run did not end within ${RUN_DEADLINE_MS / 60_000} minutes`);
      else resolve(`mocha ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}

function outsideSettingsRemoved(env) {
  const own = /^(RYNXS_(?!TEST_)|KUBECONFIG$|KUBE_|EVENT_STORE_|LEADER|CLUSTER_TYPE$|TELEMETRY_TYPE$|LOG_)/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !own.test(name)));
}

function readTotals(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return noTests();
  }
}

/** Ends processes that inherited `directory` by their environment or name it in their command line. Linux only. */
async function endProcessesOf(directory, patienceMs) {
  const deadline = performance.now() + patienceMs;
  let left = processesOf(directory);
  while (left.length > 0 && performance.now() < deadline) {
    await delay(50);
    left = processesOf(directory);
  }
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
  return left.map(({ pid, command }) => `left running: process ${pid} (${command})`);
}

function processesOf(directory) {
  if (process.platform !== 'linux') return [];
  const found = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const command = readProc(name, 'cmdline');
    if (command === '') continue; // kernel threads, zombies
    if (!command.includes(directory) && !readProc(name, 'environ').includes(directory)) continue;
    found.push({ pid: Number(name), command: command.replaceAll('\0', ' ').trim() });
  }
  return found;
}

/** Empty when the process is gone or not ours. */
function readProc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
