/** Channels of the Kubernetes streaming protocol over WebSocket: the first byte of every message. */
export const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** Subprotocols that are spoken, best first. Version 5 can close the input without ending the session. */
export const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

/** A message of a channel. */
export function framed(channel: number, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(channel), payload]);
}

/** metav1.Status of a command that has ended, as kubectl reads it from the error channel. */
export function exitStatus(code: number): Buffer {
  const status =
    code === 0
      ? { metadata: {}, status: 'Success' }
      : {
          metadata: {},
          status: 'Failure',
          message: `command terminated with non-zero exit code: command terminated with exit code ${code}`,
          reason: 'NonZeroExitCode',
          details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
        };
  return Buffer.from(JSON.stringify(status));
}

/** metav1.Status of a command that could not be run. */
export function failureStatus(message: string): Buffer {
  return Buffer.from(
    JSON.stringify({
      metadata: {},
      status: 'Failure',
      message: `Internal error occurred: error executing command in container: ${message}`,
      reason: 'InternalError',
      details: { causes: [{ message }] },
      code: 500,
    }),
  );
}

/** Size of a terminal, as the resize channel tells it; undefined when the message makes no sense. */
export function parseSize(
  payload: Uint8Array,
): { readonly columns: number; readonly rows: number } | undefined {
  let size: unknown;
  try {
    size = JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof size !== 'object' || size === null || !('Width' in size) || !('Height' in size))
    return undefined;
  const { Width: columns, Height: rows } = size;
  const isSize = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
  return isSize(columns) && isSize(rows) ? { columns, rows } : undefined;
}
