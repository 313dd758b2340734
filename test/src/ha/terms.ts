import type { LogEvent } from '@rynxs/log';
import type { CountedWrite } from './counting-proxy.js';
import { podOf } from './lease.js';

/** The key of a commit ends with the number of its first record. */
const COMMIT = /^\/[^/]+\/events\/(\d{10})\.json$/;

/** A term by the log, and by what the S3 server has seen of it. */
export interface TermRecord {
  readonly epoch: number;
  readonly replica: string;
  readonly firstSeq: number;
  /** When its first commit was durable, in milliseconds of `Date.now()`. */
  readonly beganAtMs: number;
  /** Whether it has ended in good order. */
  readonly hasEnded: boolean;
}

/** What a replica has put into the bucket. */
export interface Puts {
  readonly name: string;
  /** In the order of the answers. */
  readonly s3: { readonly writes: readonly CountedWrite[] };
}

export interface TermsResult {
  readonly terms: readonly TermRecord[];
  readonly problems: readonly string[];
}

/**
 * Reads the terms out of a log, knowing nothing of how it is made, and holds them against what the replicas have put into
 * the bucket: epochs rise by one, each has one writer, every commit was put by the replica that the log names, in the order
 * of its numbers, and none that the server has taken is missing.
 */
export function termsOf(records: readonly LogEvent[], replicas: readonly Puts[]): TermsResult {
  const problems: string[] = [];
  const commits = new Map<number, { readonly replica: string; readonly atMs: number }>();
  for (const replica of replicas) {
    for (const write of replica.s3.writes) {
      const seq = commitOf(write);
      if (seq === undefined) continue;
      const other = commits.get(seq)?.replica;
      if (other !== undefined) problems.push(`${other} and ${replica.name} have put commit ${seq}`);
      commits.set(seq, { replica: replica.name, atMs: write.atMs });
    }
  }
  const terms: TermRecord[] = [];
  let writer = '';
  let lastAtMs = 0;
  for (const { seq, type, meta } of records) {
    const before = terms.at(-1);
    if (type === 'EpochStarted') {
      if (meta.epoch !== (before?.epoch ?? 0) + 1)
        problems.push(`seq ${seq}: epoch ${meta.epoch} follows ${before?.epoch ?? 'nothing'}`);
      writer = meta.writer;
      const beganAtMs = commits.get(seq)?.atMs ?? lastAtMs;
      terms.push({ epoch: meta.epoch, replica: podOf(writer), firstSeq: seq, beganAtMs, hasEnded: false });
    } else if (meta.epoch !== before?.epoch || meta.writer !== writer)
      problems.push(`seq ${seq}: ${type} of epoch ${meta.epoch} by ${meta.writer} in epoch ${before?.epoch}`);
    if (type === 'EpochEnded' && before !== undefined)
      terms[terms.length - 1] = { ...before, hasEnded: true };
    const commit = commits.get(seq);
    if (commit === undefined) continue;
    commits.delete(seq);
    if (commit.replica !== podOf(meta.writer))
      problems.push(`seq ${seq}: put by ${commit.replica}, written by ${meta.writer}`);
    if (commit.atMs < lastAtMs) problems.push(`seq ${seq}: put before the commit that it builds on`);
    lastAtMs = commit.atMs;
  }
  for (const [seq, { replica }] of commits)
    problems.push(`commit ${seq} of ${replica} was taken by the server and is not in the log`);
  return { terms, problems };
}

/** The number of the first record of the commit that a write has put; undefined for any other write, and one that failed. */
export function commitOf({ method, path, status }: CountedWrite): number | undefined {
  const seq = COMMIT.exec(path)?.[1];
  return method !== 'PUT' || status !== 200 || seq === undefined ? undefined : Number(seq);
}
