import { ChainVerifier, type VerificationSummary } from '@rynxs/log';
import { expect } from 'chai';
import type { Batch, EventStore, StoreErrorCode } from '../../contracts/event-store.js';
import type { EventStoreHarness } from './harness.js';

// How the cases ask a store; all of it bounded, so that a store that hangs fails its case instead of the run.

const CASE_LIMIT_MS = 10_000;

export function signal(): AbortSignal {
  return AbortSignal.timeout(CASE_LIMIT_MS);
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

export async function rejection(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  return expect.fail('the call succeeded and should have been refused');
}
