import type { ServerResponse } from 'node:http';
import type { JsonObject } from '../storage/json.js';
import type { StatusError } from '../storage/status-error.js';

/** An answer that is complete before it is sent. */
export interface Answer {
  /** HTTP status. */
  readonly code: number;
  readonly body: Buffer | JsonObject;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Texts for `Warning` headers; kubectl shows them. */
  readonly warnings?: readonly string[];
}

/** Kubernetes warnings carry the code 299 and no agent. */
const WARNING_PREFIX = '299 - ';
/** Headers must stay small: more warnings, or longer ones, are cut. */
const MAX_WARNINGS = 20;
const MAX_WARNING_LENGTH = 256;

/** Sends an answer. Does nothing when the client has gone away. */
export function send(response: ServerResponse, answer: Answer): void {
  if (response.destroyed || response.writableEnded) return;
  const body = Buffer.isBuffer(answer.body) ? answer.body : Buffer.from(JSON.stringify(answer.body));
  const headers: Record<string, string | number | string[]> = {
    'Content-Type': answer.contentType ?? 'application/json',
    'Content-Length': body.length,
    'Cache-Control': 'no-cache, private',
  };
  if (answer.warnings !== undefined && answer.warnings.length > 0) {
    headers.Warning = answer.warnings.slice(0, MAX_WARNINGS).map(warningHeader);
  }
  response.writeHead(answer.code, headers);
  response.end(body);
}

/** Sends a refusal as a metav1.Status. */
export function sendError(response: ServerResponse, error: StatusError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const retryAfter = error.details?.retryAfterSeconds;
  if (retryAfter !== undefined) response.setHeader('Retry-After', String(retryAfter));
  send(response, { code: error.code, body: error.toStatus() });
}

/** Aborts when the client has gone away, or was answered. Made only where something waits for it: it is not cheap. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (response.closed) gone.abort();
  response.on('close', () => gone.abort());
  return gone.signal;
}

function warningHeader(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_WARNING_LENGTH);
  return `${WARNING_PREFIX}"${plain.replace(/["\\]/g, '\\$&')}"`;
}
