import { ClusterError, type ClusterErrorReason } from '@rynxs/kernel';
import { rbacRule } from './rbac-rule.js';
import type { Subject } from './subject.js';

/** An answer of the server that is not a success. */
export interface FailedAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
  readonly isWrite: boolean;
}

/** The parts of a Kubernetes Status object that matter here. */
export interface Status {
  readonly status?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string }[];
  };
}

const MAX_MESSAGE_LENGTH = 1000;
const DEFAULT_RETRY_AFTER_MS = 1000;

// The words of admission webhooks and policies, under several statuses, 422 among them. What they say is no fault of the
// object alone: it gets better when somebody changes the policy, as a quota does when it is raised.
const ADMISSION_DENIAL =
  /admission webhook .* denied the request|ValidatingAdmissionPolicy .* denied request|violates PodSecurity/s;

// The words of the API server's authorization (k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go).
const MISSING_PERMISSION = /cannot \w+ (?:resource|path) "/;

/**
 * What an answer means; see ClusterErrorReason. A 504 is a time-out that the server reports of itself, so a write may
 * have happened.
 */
export function errorOfAnswer(answer: FailedAnswer, subject: Subject, nowMs: number): ClusterError {
  const status = parseStatus(answer.body);
  const message = (status?.message ?? answer.body.trim()).slice(0, MAX_MESSAGE_LENGTH) || 'no message';
  const reason = reasonOf(answer, status, message);
  const retryAfterMs = reason === 'throttled' ? retryAfterOf(answer, status, nowMs) : undefined;
  const label = status?.reason === undefined ? '' : ` ${status.reason}`;
  const advice = adviceOf(answer.status, message, subject);
  // Before the server's own words, which may be long, and are cut where little room is.
  const remedy = advice === undefined ? '' : ` (${advice})`;
  const text = `${cannot(subject)}: ${answer.status}${label}${remedy}: ${message}`;
  return new ClusterError(reason, text, answer.status, retryAfterMs);
}

/** A Status that came as an event of a watch, after a good answer. */
export function errorOfStatus(status: Status, subject: Subject, nowMs: number): ClusterError {
  const answer = { status: status.code ?? 500, retryAfter: undefined, isWrite: false };
  return errorOfAnswer({ ...answer, body: JSON.stringify(status) }, subject, nowMs);
}

/** The connection failed. `wasSent` tells whether the server may have seen the request. */
export function errorOfConnection(cause: unknown, subject: Subject, wasSent: boolean): ClusterError {
  const detail = describeConnectionError(cause);
  return wasSent
    ? failure('ambiguous', subject, `sent, but no answer came: ${detail}`, cause)
    : failure('unavailable', subject, detail, cause);
}

/** An error with a reason of our own, in the same words as the server's. */
export function failure(
  reason: ClusterErrorReason,
  subject: Subject,
  detail: string,
  cause?: unknown,
): ClusterError {
  const options = cause === undefined ? undefined : { cause };
  return new ClusterError(reason, `${cannot(subject)}: ${detail}`, undefined, undefined, options);
}

/** What a failed connection means to whoever has to mend it. */
export function describeConnectionError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = error instanceof Error && error.message !== '' ? error.message : code || String(error);
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused; check that the API server runs and that the kubeconfig has its address';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `its name is unknown (${text}); check the address in the kubeconfig and the DNS`;
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `it cannot be reached (${text}); check the network, firewalls and the address in the kubeconfig`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate is for another name (${text}); check the address or tls-server-name in the kubeconfig`;
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired; renew it';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
      return `its certificate is not trusted (${text}); check certificate-authority in the kubeconfig`;
    default:
      return code.startsWith('ERR_SSL') || code === 'EPROTO'
        ? `TLS failed (${text}); check http or https in the address, and the client certificate`
        : text;
  }
}

function cannot({ verb, resource, object, server }: Subject): string {
  return `cannot ${verb} ${resource}${object === undefined ? '' : ` ${object}`} at ${server}`;
}

function reasonOf(answer: FailedAnswer, status: Status | undefined, message: string): ClusterErrorReason {
  if (ADMISSION_DENIAL.test(message)) return 'denied';
  switch (answer.status) {
    case 401:
    case 403:
      return 'denied';
    case 404:
      return 'missing';
    case 409:
      return status?.reason === 'AlreadyExists' ? 'exists' : 'conflict';
    case 410:
      return 'gone';
    case 429:
      return 'throttled';
    case 503:
      return answer.retryAfter === undefined ? 'unavailable' : 'throttled';
    case 504:
      return answer.isWrite ? 'ambiguous' : 'unavailable';
    default:
      return answer.status >= 400 && answer.status < 500 ? 'invalid' : 'unavailable';
  }
}

/** What whoever runs the cluster can do about it. */
function adviceOf(status: number, message: string, subject: Subject): string | undefined {
  if (ADMISSION_DENIAL.test(message)) return 'change what is asked for, or the policy that forbids it';
  if (message.includes('failed calling webhook')) return 'mend the webhook, or remove its configuration';
  switch (status) {
    case 401:
      return 'the credentials were not accepted: renew them in the kubeconfig';
    case 403:
      if (message.includes('exceeded quota')) return 'raise the ResourceQuota, or free what it counts';
      return MISSING_PERMISSION.test(message)
        ? `allow it with this rule in a Role or ClusterRole: ${rbacRule(subject)}`
        : undefined;
    case 404:
      return subject.object === undefined
        ? 'the API server does not have this resource: install its CustomResourceDefinition'
        : undefined;
    default:
      return undefined;
  }
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function retryAfterOf(answer: FailedAnswer, status: Status | undefined, nowMs: number): number {
  const text = answer.retryAfter ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  if (!Number.isNaN(date)) return Math.max(0, date - nowMs);
  const seconds = status?.details?.retryAfterSeconds;
  return seconds === undefined ? DEFAULT_RETRY_AFTER_MS : seconds * 1000;
}

function parseStatus(body: string): Status | undefined {
  if (!body.startsWith('{')) return undefined;
  try {
    return JSON.parse(body) as Status;
  } catch {
    // A proxy's page or half an answer: the text itself is all there is to show.
    return undefined;
  }
}
