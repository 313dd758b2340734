/** What a report says of a computer, or of a part of it. */
export interface Assessment {
  readonly kind: 'ready' | 'progressing' | 'degraded';
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
}

const MAX_MESSAGE_LENGTH = 1_024;

export function assessment(kind: Assessment['kind'], reason: string, message: string): Assessment {
  const isLong = message.length > MAX_MESSAGE_LENGTH;
  return {
    kind,
    reason,
    message: isLong ? `${message.slice(0, MAX_MESSAGE_LENGTH - 1).toWellFormed()}…` : message,
  };
}
