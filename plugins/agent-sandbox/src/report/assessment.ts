/** What a report says of a computer, or of a part of it. */
export interface Assessment {
  readonly kind: 'ready' | 'progressing' | 'degraded';
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
}

const MAX_MESSAGE_LENGTH = 1_024;
/** What metav1.Condition takes for a reason (k8s.io/apimachinery, pkg/apis/meta/v1). */
const REASON = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;
const MAX_REASON_LENGTH = 1_024;

export function assessment(kind: Assessment['kind'], reason: string, message: string): Assessment {
  const isLong = message.length > MAX_MESSAGE_LENGTH;
  return {
    kind,
    // Kubelets and container runtimes choose some of them.
    reason: REASON.test(reason) && reason.length <= MAX_REASON_LENGTH ? reason : 'Unknown',
    message: isLong ? `${message.slice(0, MAX_MESSAGE_LENGTH - 1).toWellFormed()}…` : message,
  };
}
