import { leafHash } from '../merkle/tree-hash.js';
import { verifyInclusion } from '../merkle/verify-proof.js';
import { decodeBase64 } from '../note/base64.js';
import type { NoteVerifier } from '../note/note-verifier.js';
import { ProofError } from './proof-error.js';
import { formatNumber, formatPath, joinProof, parseNumber, parsePath, splitProof } from './proof-lines.js';
import { trustedCheckpoint } from './trusted-checkpoint.js';

/** First line of the format (C2SP tlog-proof). */
const LOG_PROOF_FORMAT = 'c2sp.org/tlog-proof@v1';
const EXTRA = 'extra ';
const INDEX = 'index ';

/** A receipt: proves offline that a record stands in a log, against a checkpoint that the log has signed. */
export interface LogProof {
  /** The record's position: its sequence number. */
  readonly index: number;
  /** Inclusion path, from the leaf's sibling to the root's child. */
  readonly path: readonly Buffer[];
  /** The whole signed note. */
  readonly checkpoint: string;
  /** What the format calls extra data. A receipt of Rynxs carries the record's line here, without its LF. */
  readonly extra?: Uint8Array;
}

/** What a receipt has proven. */
export interface ProvenRecord {
  readonly index: number;
  /** Size of the tree that the checkpoint signs. */
  readonly size: number;
  readonly origin: string;
  /** The record's line without its LF. */
  readonly record: Uint8Array;
  readonly root: Buffer;
}

/** Writes a receipt. Throws ProofError for what `parseProof` would not read back as the same. */
export function formatProof({ index, path, checkpoint, extra }: LogProof): string {
  const lines = [`${INDEX}${formatNumber(index)}`, ...formatPath(path)];
  if (extra !== undefined) lines.unshift(`${EXTRA}${Buffer.from(extra).toString('base64')}`);
  return joinProof(LOG_PROOF_FORMAT, lines, checkpoint);
}

/** Reads a receipt; neither path nor signatures are verified. Throws ProofError. */
export function parseProof(text: string): LogProof {
  const { lines, checkpoint } = splitProof(text, LOG_PROOF_FORMAT);
  const hasExtra = lines[0]?.startsWith(EXTRA) === true;
  const indexAt = hasExtra ? 1 : 0;
  const indexLine = lines[indexAt] ?? '';
  if (!indexLine.startsWith(INDEX)) {
    throw new ProofError(`line ${indexAt + 2} of the proof is not "index" and a number`);
  }
  const index = parseNumber(indexLine.slice(INDEX.length), indexAt + 2);
  const path = parsePath(lines.slice(indexAt + 1), indexAt + 3);
  if (!hasExtra) return { index, path, checkpoint };
  const extra = decodeBase64(lines[0]?.slice(EXTRA.length) ?? '');
  if (extra === undefined) throw new ProofError('line 2 of the proof: the extra data is not base64');
  return { index, path, checkpoint, extra };
}

/**
 * Verifies a receipt, offline: a trusted key has signed its checkpoint, and its path leads from the record to the
 * signed root. The record is the receipt's extra data, or what is given (a line without its LF).
 * Throws ProofError that names what fails. What the record says is not looked at: it is what its writer wrote.
 */
export function checkProof(
  text: string,
  verifiers: readonly NoteVerifier[],
  record?: Uint8Array,
): ProvenRecord {
  const proof = parseProof(text);
  const entry = record ?? proof.extra;
  if (entry === undefined) {
    throw new ProofError('the receipt does not carry the record that it is about: give the record, too');
  }
  const { origin, size, root } = trustedCheckpoint(proof.checkpoint, verifiers);
  const { index, path } = proof;
  if (index >= size) {
    throw new ProofError(
      `the receipt is about entry ${index}, but its checkpoint covers only ${size} entries`,
    );
  }
  if (!verifyInclusion({ index, size, leaf: leafHash(entry), path, root })) {
    throw new ProofError(
      `the path does not lead from the record to the signed root: record, index ${index} or path were changed`,
    );
  }
  return { index, size, origin, record: entry, root };
}
