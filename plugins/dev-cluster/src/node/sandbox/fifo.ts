import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, closeSync, constants, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { HostIdentity } from './identity.js';
import { HOST_PATH } from './process.js';

/** The two ends of a pipe. `node` never blocks and belongs in a net.Socket; `process` is for the other process. */
export interface FifoEnds {
  readonly node: number;
  readonly process: number;
}

/**
 * Makes pipes that a sandboxed process may also open again by /dev/stdout and /proc/self/fd/1, which it cannot with
 * the socket pairs of node:child_process. The names in `dir` are gone when this returns.
 */
export async function openFifos(
  dir: string,
  owner: HostIdentity,
  ends: readonly ('read' | 'write')[],
): Promise<readonly FifoEnds[]> {
  const prefix = join(dir, `fifo-${randomBytes(8).toString('hex')}-`);
  const paths = ends.map((_, index) => `${prefix}${index}`);
  const opened: FifoEnds[] = [];
  try {
    await promisify(execFile)('mkfifo', ['-m', '600', ...paths], { env: { PATH: HOST_PATH } });
    for (const [index, path] of paths.entries()) {
      if (owner.dropsRoot) chownSync(path, owner.uid, owner.gid);
      opened.push(openEnds(path, ends[index] ?? 'read'));
    }
    return opened;
  } catch (error) {
    for (const pair of opened) closeEnds(pair);
    throw error;
  } finally {
    for (const path of paths) rmSync(path, { force: true });
  }
}

export function closeEnds(ends: FifoEnds): void {
  closeSync(ends.node);
  closeSync(ends.process);
}

function openEnds(path: string, nodeEnd: 'read' | 'write'): FifoEnds {
  // While this is open neither of the other two opens has to wait for its counterpart.
  const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    const [node, process] =
      nodeEnd === 'read'
        ? [constants.O_RDONLY, constants.O_WRONLY]
        : [constants.O_WRONLY, constants.O_RDONLY];
    const nodeFd = openSync(path, node | constants.O_NONBLOCK);
    try {
      return { node: nodeFd, process: openSync(path, process) };
    } catch (error) {
      closeSync(nodeFd);
      throw error;
    }
  } finally {
    closeSync(both);
  }
}
