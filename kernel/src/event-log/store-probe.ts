import type { Ledger, LedgerProbe } from '@rynxs/log';
import type { EventStore, StoreProbe } from '../contracts/event-store.js';
import type { Logger } from '../contracts/logger.js';
import { rynxsError } from '../errors/rynxs-error.js';
import { storeFailure } from './store-failure.js';

/**
 * Races writers in a store that cannot know whether create-if-absent holds, once for each place. Returns the result when it
 * is new, for the record. Throws RYNXS_STORE_UNSAFE when the store is no fence and others may write too, or what the
 * driver's failure means.
 */
export async function probeStore(
  { store, hasRivals = false }: { readonly store: EventStore; readonly hasRivals?: boolean },
  ledger: Ledger,
  logger: Logger,
  signal: AbortSignal,
): Promise<LedgerProbe | undefined> {
  if (store.probe === undefined) return undefined;
  const target = store.location;
  const known = ledger.state.probes.find((probe) => probe.target === target);
  const { racers, winners } = known ?? (await race(store, store.probe, signal));
  if (winners !== 1) {
    if (hasRivals) throw rynxsError('RYNXS_STORE_UNSAFE', { location: target, racers, winners });
    const message = 'the store is no fence between writers: make sure that this is the only one';
    logger.warn(message, { location: target, racers, winners });
  }
  return known === undefined ? { target, racers, winners } : undefined;
}

async function race(
  store: EventStore,
  probe: NonNullable<EventStore['probe']>,
  signal: AbortSignal,
): Promise<StoreProbe> {
  try {
    return await probe.call(store, signal);
  } catch (error) {
    throw storeFailure(store, error);
  }
}
