import { ChainVerifier, Damage, recordParts, ZERO_HASH } from '@rynxs/log';

const LF = 0x0a;

/** Where a log stands after a commit. */
export interface CommitEnd {
  readonly nextSeq: number;
  /** Hash of the last record. */
  readonly hash: string;
}

/**
 * Verifies the bytes of one object as the commit that begins with `firstSeq`, taking only what stands before it on
 * trust. Throws Damage.
 */
export function verifyCommit(firstSeq: number, bytes: Uint8Array): CommitEnd {
  const prevHash = firstSeq === 0 ? ZERO_HASH : firstPrevHash(bytes);
  const verifier = new ChainVerifier({
    fromSeq: firstSeq,
    ...(prevHash === undefined ? {} : { prevHash }),
  });
  verifier.push(bytes);
  const { nextSeq, headHash, commits, unfinished } = verifier.finish();
  if (commits !== 1 || unfinished !== undefined) {
    throw new Damage({
      kind: 'commit_broken',
      seq: unfinished?.seq ?? firstSeq,
      lastGoodSeq: nextSeq > 0 && nextSeq > firstSeq ? nextSeq - 1 : undefined,
      offset: 0,
      detail: `the object of seq ${firstSeq} is not one whole commit: it was cut, or overwritten`,
    });
  }
  return { nextSeq, hash: headHash };
}

/** The hash of a batch's last record, as the batch says it. */
export function lastHash(bytes: Uint8Array): string | undefined {
  return recordParts(bytes.subarray(bytes.lastIndexOf(LF, -2) + 1))?.hash;
}

/** How many lines are in `bytes`. */
export function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) lines += 1;
  return lines;
}

function firstPrevHash(bytes: Uint8Array): string | undefined {
  const lf = bytes.indexOf(LF);
  return recordParts(lf < 0 ? bytes : bytes.subarray(0, lf))?.prevHash;
}
