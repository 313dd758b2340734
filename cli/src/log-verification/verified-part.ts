import type { StoreHead } from '@rynxs/kernel';
import { Damage, type VerifiedCommit, ZERO_HASH } from '@rynxs/log';

/** How far a log, or a part of it, has been verified, in whole commits. */
export class VerifiedPart {
  records = 0;
  commits = 0;
  bytes = 0;
  head: { readonly seq: number; readonly hash: string } | null = null;
  firstSeq: number;

  constructor(fromSeq: number) {
    this.firstSeq = fromSeq;
  }

  get nextSeq(): number {
    return this.head === null ? this.firstSeq : this.head.seq + 1;
  }

  add({ firstSeq, count, bytes, headHash }: Omit<VerifiedCommit, 'offset'>, commits = 1): void {
    if (this.head === null) this.firstSeq = firstSeq;
    this.records += count;
    this.commits += commits;
    this.bytes += bytes;
    this.head = { seq: firstSeq + count - 1, hash: headHash };
  }

  /** Throws Damage unless all is verified that the store says it has. */
  mustReach({ nextSeq, hash = ZERO_HASH }: StoreHead): void {
    const { nextSeq: reached, head } = this;
    if (reached > nextSeq || head === null) return;
    const at = { offset: this.bytes, lastGoodSeq: head.seq };
    if (reached < nextSeq) {
      const detail = `the log ends before seq ${reached}, and its store says that it reaches seq ${nextSeq - 1}`;
      throw new Damage({ kind: 'truncated', seq: reached, detail, ...at });
    }
    if (head.hash !== hash) {
      const detail = `the log ends with the hash ${head.hash}, its store says ${hash}`;
      throw new Damage({ kind: 'chain_broken', seq: nextSeq - 1, detail, ...at });
    }
  }

  /** Both as one. */
  followedBy(next: VerifiedPart): VerifiedPart {
    const both = new VerifiedPart(this.firstSeq);
    both.records = this.records + next.records;
    both.commits = this.commits + next.commits;
    both.bytes = this.bytes + next.bytes;
    both.head = next.head ?? this.head;
    return both;
  }
}
