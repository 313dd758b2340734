import { isUtf8 } from 'node:buffer';
import { canonicalize } from './canonicalize.js';
import type { Json } from './event.js';

/** What an event's bytes are when they are not a canonical event of version 3. */
export type OtherEvent =
  | { readonly is: 'legacy'; readonly seq: number }
  /** Version 3, but written otherwise; `canonical` holds the same event as it should be. */
  | { readonly is: 'other_v3'; readonly canonical: Buffer }
  | { readonly is: 'nothing'; readonly detail: string };

/**
 * Reads an event by parsing it: slow, and needed only for what EventScanner does not know. Events of the earlier
 * versions (`hash_version` absent or "v2") are sorted compact JSON; of them only the number matters.
 */
export function readOtherEvent(bytes: Buffer): OtherEvent {
  if (!isUtf8(bytes)) return { is: 'nothing', detail: 'the event is not UTF-8' };
  let event: Json;
  try {
    event = JSON.parse(bytes.toString('utf8')) as Json;
  } catch {
    return { is: 'nothing', detail: 'the event is not JSON' };
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event)) {
    return { is: 'nothing', detail: 'the event is not a JSON object' };
  }
  const { hash_version: version, seq } = event as { readonly [key: string]: Json };
  if (version === undefined || version === 'v2') {
    if (typeof seq === 'number' && Number.isSafeInteger(seq) && seq >= 0) return { is: 'legacy', seq };
    return { is: 'nothing', detail: 'the event has no sequence number' };
  }
  if (version !== 'v3') {
    return { is: 'nothing', detail: `the hash version ${JSON.stringify(version).slice(0, 40)} is unknown` };
  }
  try {
    return { is: 'other_v3', canonical: Buffer.from(canonicalize(event), 'utf8') };
  } catch (error) {
    return { is: 'nothing', detail: error instanceof Error ? error.message : String(error) };
  }
}
