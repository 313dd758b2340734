import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { type StdioEntry, withoutInherited } from './inherited-descriptors.js';

/** Where the tools of the host are looked for. The operator's own PATH never decides what runs. */
export const HOST_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** How a process ended. */
export interface Exit {
  /** Exit code; 128 plus the signal's number when a signal ended it, as a shell and the kubelet count. */
  readonly code: number;
}

/** A process of ours with the promise of its end. */
export interface LaunchedProcess {
  readonly child: ChildProcess;
  /** Resolves when the process has ended; never rejects. A process that could not be started counts as 127. */
  readonly exited: Promise<Exit>;
  /** Set as soon as `exited` is known. */
  readonly exit: () => Exit | undefined;
}

/**
 * Starts a host tool with an empty environment but for PATH, in a session of its own, so that no terminal of the
 * operator reaches it. `startError` keeps why it could not be started.
 */
export function launch(
  argv: readonly string[],
  options: { readonly cwd: string; readonly stdio: readonly StdioEntry[] },
): LaunchedProcess & { readonly startError: () => Error | undefined } {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, {
    cwd: options.cwd,
    stdio: withoutInherited(options.stdio),
    // Node hands this one on by itself unless it is named.
    env: { PATH: HOST_PATH, NODE_V8_COVERAGE: undefined },
    detached: true,
  });
  let exit: Exit | undefined;
  let startError: Error | undefined;
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = exitOf(code, signal);
      resolve(exit);
    });
    child.once('error', (error) => {
      if (child.pid !== undefined) return;
      startError = error;
      exit = { code: 127 };
      resolve(exit);
    });
  });
  return { child, exited, exit: () => exit, startError: () => startError };
}

function exitOf(code: number | null, signal: NodeJS.Signals | null): Exit {
  if (signal === null) return { code: code ?? 0 };
  return { code: 128 + (constants.signals[signal] ?? 0) };
}

/** Sends a signal; false when the process is gone already. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/** Whether a process has a handler for a signal (SigCgt of proc_pid_status(5)); not when it is gone. */
export function handlesSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    const mask = /^SigCgt:\t([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
    return (BigInt(`0x${mask}`) & (1n << BigInt(constants.signals[signal] - 1))) !== 0n;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) {
      return false;
    }
    throw error;
  }
}

/** Pid of the only child of a process, as the host counts; undefined when there is none. */
export function onlyChildOf(pid: number): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? undefined : Number(children.split(' ')[0]);
}

/** Collects at most `limitBytes` of a stream, as text; the rest is read and dropped. */
export function collectText(stream: Readable, limitBytes: number): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes < limitBytes) chunks.push(chunk.subarray(0, limitBytes - bytes));
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8').trim();
}
