import type { EventStore, StoreHead } from '@rynxs/kernel';
import { ChainVerifier, type TermPosition, type VerificationSummary, type VerifiedCommit } from '@rynxs/log';
import { ChainWorker } from './chain-worker.js';
import type { VerificationEnd } from './verification.js';
import { VerifiedPart } from './verified-part.js';

/** Where the halves meet: after a commit of whose past nothing is known yet. */
interface Joint {
  readonly nextSeq: number;
  readonly hash: string;
  readonly term: Omit<TermPosition, 'logId'>;
}

export interface VerifiedHalves {
  readonly verified: VerifiedPart;
  readonly end: VerificationEnd;
}

/**
 * Verifies the chain of a long log, both halves at the same time: the second from a commit in the middle, taken on trust,
 * which the first one has to reach. Resolves to undefined when anything is amiss: who verifies the log in order finds what
 * is wrong first.
 */
export async function chainInHalves(
  store: EventStore,
  head: StoreHead,
  onProgress: ((records: number) => void) | undefined,
  signal: AbortSignal,
): Promise<VerifiedHalves | undefined> {
  const stop = new AbortController();
  const reading = AbortSignal.any([signal, stop.signal]);
  const halves: Promise<unknown>[] = [];
  try {
    const joint = await findJoint(store, Math.floor(head.nextSeq / 2), reading);
    if (joint === undefined) return undefined;
    const first = new VerifiedPart(0);
    const second = new VerifiedPart(joint.nextSeq);
    const tell = (): void => onProgress?.(first.records + second.records);
    const upTo = verifyUpTo(store, joint, first, tell, reading);
    const onFrom = verifyFrom(store, joint, second, tell, reading);
    halves.push(upTo, onFrom);
    const [{ logId }, summary] = await Promise.all([upTo, onFrom]);
    const isJoined = first.nextSeq === joint.nextSeq && first.head?.hash === joint.hash;
    if (!isJoined || (summary.logId ?? logId) !== logId) return undefined;
    const verified = first.followedBy(second);
    verified.mustReach(head);
    const { records, commits } = verified;
    // Terms rise by 1 from 1 on, so the last one is how many there are.
    const { epoch: epochs } = summary;
    return { verified, end: { summary: { ...summary, records, commits, epochs, logId } } };
  } catch {
    signal.throwIfAborted();
    return undefined;
  } finally {
    stop.abort();
    await Promise.allSettled(halves);
  }
}

/** The end of the first commit that is read from `seq` on, if another one follows and agrees with it. */
async function findJoint(store: EventStore, seq: number, signal: AbortSignal): Promise<Joint | undefined> {
  const joints: Joint[] = [];
  const onCommit = ({ firstSeq, count, headHash: hash }: VerifiedCommit): void => {
    joints.push({ nextSeq: firstSeq + count, hash, term: verifier.term });
  };
  const verifier = new ChainVerifier({ fromSeq: seq, strict: false, onCommit });
  for await (const chunk of store.read(seq, signal)) {
    verifier.push(chunk);
    if (joints.length > 1) return joints[0];
  }
  return undefined;
}

async function verifyUpTo(
  store: EventStore,
  { nextSeq }: Joint,
  part: VerifiedPart,
  tell: () => void,
  signal: AbortSignal,
): Promise<VerificationSummary> {
  await using worker = new ChainWorker({ until: nextSeq }, (run) => {
    // What stands behind is read before it is known that the joint has been reached.
    if (part.nextSeq < nextSeq) part.add(run, run.commits);
    tell();
  });
  for await (const chunk of store.read(0, signal)) {
    if (part.nextSeq >= nextSeq) break;
    await worker.push(chunk);
  }
  return await worker.finish();
}

async function verifyFrom(
  store: EventStore,
  { nextSeq, hash, term }: Joint,
  part: VerifiedPart,
  tell: () => void,
  signal: AbortSignal,
): Promise<VerificationSummary> {
  const from = { fromSeq: nextSeq, prevHash: hash, term: { ...term, logId: undefined } };
  await using worker = new ChainWorker(from, (run) => {
    part.add(run, run.commits);
    tell();
  });
  for await (const chunk of store.read(nextSeq, signal)) await worker.push(chunk);
  const trailing = await store.trailing?.(signal);
  if (trailing !== undefined) await worker.push(trailing);
  return await worker.finish();
}
