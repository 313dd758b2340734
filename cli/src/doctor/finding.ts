/** What a check came to; of several findings the worst counts, in the order failed, warning, ok, skipped. */
export type Status = 'ok' | 'warning' | 'failed' | 'skipped';

/** One thing that a check has found. */
export interface Finding {
  readonly status: Status;
  /** What was found, and where; one line. */
  readonly message: string;
  /** What to do about it; with every warning and failure. */
  readonly remedy?: string;
}

const BY_WEIGHT: readonly Status[] = ['failed', 'warning', 'ok', 'skipped'];

export function ok(message: string): Finding {
  return { status: 'ok', message };
}

export function warning(message: string, remedy: string): Finding {
  return { status: 'warning', message, remedy };
}

export function failed(message: string, remedy: string): Finding {
  return { status: 'failed', message, remedy };
}

export function skipped(message: string, remedy?: string): Finding {
  return { status: 'skipped', message, ...(remedy === undefined ? {} : { remedy }) };
}

/** The worst of several; `skipped` where there are none. */
export function worstOf(statuses: readonly Status[]): Status {
  return BY_WEIGHT.find((status) => statuses.includes(status)) ?? 'skipped';
}
