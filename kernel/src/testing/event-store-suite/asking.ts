import { ChainVerifier, type VerificationSummary } from '@rynxs/log';
import { expect } from 'chai';
import type { Batch, EventStore, StoreErrorCode } from '../../contracts/event-store.js';
import type { EventStoreHarness } from './harness.js';

// How the cases ask a store; all of it bounded, so that a store that hangs fails its case instead of the run.

const CALL_LIMIT_MS = 15_000;
const SETTLE_ATTEMPTS = 10;

export function signal(): AbortSignal {
  return AbortSignal.timeout(CALL_LIMIT_MS);
}

/** Opens a new instance, with `batches` appended. */
export async function opened(harness: EventStoreHarness, ...batches: readonly Batch[]): Promise<EventStore> {
  const store = harness.open();
  await store.open(signal());
  await appendAll(store, batches);
  return store;
}

export async function appendAll(store: EventStore, batches: readonly Batch[]): Promise<void> {
  for (const batch of batches) await store.append(batch, signal());
}

/** A place that holds `batches`, with no instance open. */
export async function filled(harness: EventStoreHarness, ...batches: readonly Batch[]): Promise<void> {
  const store = await opened(harness, ...batches);
  await store.close();
}

export async function readAll(store: EventStore, fromSeq = 0): Promise<Buffer> {
  return Buffer.concat(await chunksOf(store, fromSeq));
}

export async function chunksOf(store: EventStore, fromSeq = 0): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.read(fromSeq, signal())) chunks.push(chunk);
  return chunks;
}

/** Reads and verifies everything; a half commit is a failure. */
export async function verified(store: EventStore): Promise<VerificationSummary> {
  const verifier = new ChainVerifier();
  for await (const chunk of store.read(0, signal())) verifier.push(chunk);
  const summary = verifier.finish();
  expect(summary.unfinished, 'bytes after the last whole commit').to.equal(undefined);
  return summary;
}

export function bytesOf(...batches: readonly Batch[]): Buffer {
  return Buffer.concat(batches.map((batch) => batch.bytes));
}

/** Compares long bytes without printing them. */
export function expectSameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(actual, expected) === 0) return;
  const limit = Math.min(actual.length, expected.length);
  let at = 0;
  while (at < limit && actual[at] === expected[at]) at++;
  expect.fail(`${what}: ${actual.length} bytes instead of ${expected.length}, the first difference at ${at}`);
}

/** Waits for `work` to be refused and tells what the store calls the reason. */
export async function refusal(store: EventStore, work: Promise<unknown>): Promise<StoreErrorCode> {
  return store.errorCode(await rejection(work));
}

/** What came of `work`: `done`, or what the store calls the reason of its failure. */
export function outcomeOf(store: EventStore, work: Promise<unknown>): Promise<StoreErrorCode | 'done'> {
  return work.then(
    () => 'done',
    (error: unknown) => store.errorCode(error),
  );
}

/**
 * Sends a batch of which nobody knows whether it is stored, as the kernel does: the same bytes until the store takes
 * them, or refuses them because it holds them already.
 */
export async function settle(store: EventStore, batch: Batch): Promise<void> {
  for (let attempt = 0; attempt < SETTLE_ATTEMPTS; attempt++) {
    const outcome = await outcomeOf(store, store.append(batch, signal()));
    if (outcome === 'ambiguous') continue;
    if (outcome !== 'done') expect(outcome, 'what the store says to the same bytes').to.equal('conflict');
    expectSameBytes(await readAll(store, batch.firstSeq), batch.bytes, 'what is stored in the end');
    return;
  }
  expect.fail(`the store did not settle a batch in ${SETTLE_ATTEMPTS} attempts`);
}

/** Lets everything else go on so many times. */
export async function turnsPass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
}

export async function rejection(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  return expect.fail('the call succeeded and should have been refused');
}
