import type { Status } from './cluster-errors.js';

/**
 * The remote command protocol over WebSocket: the first byte of a message is its channel.
 * v5 is v4 with a message that closes a channel (KEP-4006).
 */
export const EXEC_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

export const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, status: 3, close: 255 } as const;

export type ExecOutcome =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'failed'; readonly message: string };

export function channelFrame(channel: number, data: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(data.length + 1);
  frame[0] = channel;
  data.copy(frame, 1);
  return frame;
}

/** What the status message at the end says: the command's exit code, or why it could not run. */
export function outcomeOf(text: string): ExecOutcome {
  let status: Status;
  try {
    status = JSON.parse(text) as Status;
  } catch {
    return { kind: 'failed', message: text };
  }
  if (status.status === 'Success') return { kind: 'exited', code: 0 };
  const exitCode = status.details?.causes?.find((cause) => cause.reason === 'ExitCode')?.message ?? '';
  if (status.reason === 'NonZeroExitCode' && /^\d+$/.test(exitCode))
    return { kind: 'exited', code: Number(exitCode) };
  return { kind: 'failed', message: status.message ?? text };
}
