/** How long one request to an anchor may take, unless a term's writes may take less. */
export const ANCHOR_TIMEOUT_MS = 5_000;

/**
 * A second place that remembers how far each log of a shard has got, and that the owner of the store does not control.
 * It moves upwards only. Its failures alert and never block; methods throw whatever went wrong.
 */
export interface LogAnchor {
  /** Where it is, for messages: `ConfigMap kube-system/rynxs-log-anchor`. */
  readonly location: string;
  /** The checkpoint of each log of this shard that has one, by log id. */
  read(signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /**
   * Remembers a checkpoint of `size` records, unless one of more records is remembered. `beforeSend` may throw to stop it;
   * a write takes `timeoutMs` at most, default ANCHOR_TIMEOUT_MS.
   */
  advance(entry: AnchorEntry, signal: AbortSignal, beforeSend: () => void, timeoutMs?: number): Promise<void>;
  /** Remembers a checkpoint whatever was there for this shard; what was is kept aside. For an accepted loss. */
  replace(entry: AnchorEntry, signal: AbortSignal): Promise<void>;
}

export interface AnchorEntry {
  readonly logId: string;
  readonly size: number;
  /** The signed checkpoint. */
  readonly text: string;
}
