import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Precondition } from './errors.mjs';

const DEFAULT_TIMEOUT_MS = 60_000;
const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;
const END_TIMEOUT_MS = 5_000;

/**
 * Runs a program to its end, in a process group of its own: Ctrl-C in a terminal reaches the script only, which ends what
 * it has to. Resolves whatever its exit code is.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ signal: AbortSignal, timeoutMs?: number, input?: string, env?: Record<string, string> }} options
 * @returns {Promise<{ status: number, stdout: string, stderr: string }>}
 * @throws {Precondition} when there is no such program; the signal's reason; an Error after `timeoutMs`
 */
export async function runProgram(program, args, { signal, timeoutMs = DEFAULT_TIMEOUT_MS, input, env }) {
  signal.throwIfAborted();
  const child = startProgram(program, args, { env });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const stdout = new Output();
  const stderr = new Output();
  child.stdout.on('data', (chunk) => stdout.add(chunk));
  child.stderr.on('data', (chunk) => stderr.add(chunk));
  // A program that ends without reading what it is given has its reasons, which its exit code tells.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  const end = () => void endProgram(child);
  limit.addEventListener('abort', end);
  try {
    const [status] = await once(child, 'close');
    signal.throwIfAborted();
    if (limit.aborted)
      throw new Error(`${program} ${args.join(' ')} did not end within ${timeoutMs / 1000} s`);
    return { status: status ?? 1, stdout: stdout.text(), stderr: stderr.text() };
  } catch (error) {
    throw startFailure(error, program);
  } finally {
    limit.removeEventListener('abort', end);
  }
}

/** Starts a program in a process group of its own, with pipes. */
export function startProgram(program, args, { env } = {}) {
  return spawn(program, args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
}

/** Ends a program that was started, kindly at first, and resolves when it is gone. */
export async function endProgram(child) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  signalGroup(child, 'SIGTERM');
  const late = setTimeout(() => signalGroup(child, 'SIGKILL'), END_TIMEOUT_MS);
  await gone;
  clearTimeout(late);
}

function signalGroup(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Why a program could not be started, in words for the user. */
export function startFailure(error, program) {
  if (error.code !== 'ENOENT' && error.code !== 'EACCES') return error;
  return new Precondition(
    `${program} cannot be run (${error.code})`,
    'Install kubectl and helm so that PATH finds them, or name their paths in the variables KUBECTL and HELM.',
  );
}

/** What a program prints, up to a bound that none of ours reaches. */
class Output {
  #chunks = [];
  #bytes = 0;

  add(chunk) {
    this.#bytes += chunk.length;
    if (this.#bytes <= MOST_OUTPUT_BYTES) this.#chunks.push(chunk);
  }

  text() {
    if (this.#bytes > MOST_OUTPUT_BYTES) throw new Error(`a program printed ${this.#bytes} bytes`);
    return Buffer.concat(this.#chunks).toString();
  }
}
