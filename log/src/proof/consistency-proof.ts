import { verifyConsistency } from '../merkle/verify-proof.js';
import type { NoteVerifier } from '../note/note-verifier.js';
import { ProofError } from './proof-error.js';
import {
  formatHash,
  formatNumber,
  formatPath,
  joinProof,
  parseHash,
  parseNumber,
  parsePath,
  splitProof,
} from './proof-lines.js';
import { trustedCheckpoint } from './trusted-checkpoint.js';

/** First line of the format, which is Rynxs' own. */
export const CONSISTENCY_PROOF_FORMAT = 'rynxs.log/consistency@v1';
const OLD_LINE = /^old (\S+) (\S+)$/;

/**
 * Proves that a log only grew: its tree of `oldSize` entries is the beginning of the one that the checkpoint signs.
 * C2SP has no file format for that; this one has the form of its tlog-proof:
 *
 *     rynxs.log/consistency@v1
 *     old <size in decimal> <root in base64>
 *     <hash in base64>            zero or more, in the order of RFC 6962, 2.1.2
 *
 *     <the new checkpoint, a signed note, verbatim>
 *
 * The old checkpoint is what the reader has kept: to compare size and root with it is the reader's part.
 */
export interface ConsistencyProof {
  readonly oldSize: number;
  readonly oldRoot: Buffer;
  readonly path: readonly Buffer[];
  /** The new checkpoint, the whole signed note. */
  readonly checkpoint: string;
}

/** What a consistency proof has proven. */
export interface ProvenGrowth {
  readonly origin: string;
  readonly oldSize: number;
  readonly oldRoot: Buffer;
  readonly newSize: number;
  readonly newRoot: Buffer;
}

/** Writes a consistency proof. Throws ProofError for what `parseConsistencyProof` would not read back as the same. */
export function formatConsistencyProof({ oldSize, oldRoot, path, checkpoint }: ConsistencyProof): string {
  const old = `old ${formatNumber(oldSize)} ${formatHash(oldRoot)}`;
  return joinProof(CONSISTENCY_PROOF_FORMAT, [old, ...formatPath(path)], checkpoint);
}

/** Reads a consistency proof; neither path nor signatures are verified. Throws ProofError. */
export function parseConsistencyProof(text: string): ConsistencyProof {
  const { lines, checkpoint } = splitProof(text, CONSISTENCY_PROOF_FORMAT);
  const [, size, root] = OLD_LINE.exec(lines[0] ?? '') ?? [];
  if (size === undefined || root === undefined) {
    throw new ProofError('line 2 of the proof is not "old", a size and a root');
  }
  const [oldSize, oldRoot] = [parseNumber(size, 2), parseHash(root, 2)];
  return { oldSize, oldRoot, path: parsePath(lines.slice(1), 3), checkpoint };
}

/**
 * Verifies a consistency proof, offline: a trusted key has signed its checkpoint, whose tree begins with the old one.
 * Throws ProofError that names what fails. The caller compares `oldSize` and `oldRoot` with the checkpoint that it
 * has kept, and `origin` with that one's.
 */
export function checkConsistencyProof(text: string, verifiers: readonly NoteVerifier[]): ProvenGrowth {
  const { oldSize, oldRoot, path, checkpoint } = parseConsistencyProof(text);
  const { origin, size: newSize, root: newRoot } = trustedCheckpoint(checkpoint, verifiers);
  if (oldSize > newSize) {
    throw new ProofError(`the old tree has ${oldSize} entries, more than the ${newSize} of the checkpoint`);
  }
  if (!verifyConsistency({ oldSize, newSize, oldRoot, newRoot, path })) {
    throw new ProofError(
      `the path does not show that the ${newSize} signed entries begin with the old ${oldSize}: the log or the proof was changed`,
    );
  }
  return { origin, oldSize, oldRoot, newSize, newRoot };
}
