export { isVouchedFor, type KeyStatement, vouchFor } from './audit/key-statement.js';
export {
  Ledger,
  type LedgerKey,
  type LedgerProbe,
  type LedgerRecovery,
  type LedgerState,
  type LogIdentity,
} from './audit/ledger.js';
export {
  type AuditResult,
  type KnownRoot,
  LogAudit,
  type LogAuditOptions,
  type TreeSink,
} from './audit/log-audit.js';
export { LogPosition, type LogPositionState, type WrittenCommit } from './audit/log-position.js';
export { RolledBack } from './audit/rolled-back.js';
export { RootRecorder } from './audit/root-recorder.js';
export { isSameKey, TrustedKeys } from './audit/trusted-keys.js';
export type { UntrustedCheckpoint } from './audit/witness.js';
export { canonicalize } from './canonicalize.js';
export { ChainVerifier } from './chain-verifier.js';
export {
  type Checkpoint,
  checkpointOrigin,
  formatCheckpoint,
  parseCheckpoint,
} from './checkpoint/checkpoint.js';
export {
  type CheckpointNote,
  formatCheckpointNote,
  parseCheckpointNote,
} from './checkpoint/checkpoint-note.js';
export { type EncodedCommit, encodeCommit } from './commit.js';
export { Damage, type DamageDetails, type DamageKind } from './damage.js';
export * from './event.js';
export * from './limits.js';
export { MerkleFrontier } from './merkle/merkle-frontier.js';
export { SubtreeHasher } from './merkle/subtree-hasher.js';
export { consistencyRanges, inclusionRanges, type SubtreeRange } from './merkle/subtree-ranges.js';
export { leafHash, nodeHash, TREE_HASH_BYTES } from './merkle/tree-hash.js';
export {
  type ConsistencyClaim,
  type InclusionClaim,
  verifyConsistency,
  verifyInclusion,
} from './merkle/verify-proof.js';
export { formatKeptNote, parseKeptNote } from './note/kept-note.js';
export { NoteError } from './note/note-error.js';
export { NoteSigner } from './note/note-signer.js';
export { NoteVerifier } from './note/note-verifier.js';
export { formatNote, type NoteSignature, parseNote, type SignedNote } from './note/signed-note.js';
export {
  CONSISTENCY_PROOF_FORMAT,
  type ConsistencyProof,
  checkConsistencyProof,
  formatConsistencyProof,
  type ProvenGrowth,
  parseConsistencyProof,
} from './proof/consistency-proof.js';
export {
  checkProof,
  formatProof,
  type LogProof,
  type ProvenRecord,
  parseProof,
} from './proof/log-proof.js';
export { ProofError } from './proof/proof-error.js';
export {
  parseRecord,
  RECORD_HEAD_BYTES,
  RECORD_TAIL_BYTES,
  type RecordParts,
  RecordTooLargeError,
  recordParts,
  ZERO_HASH,
} from './record.js';
export {
  type CommitStamp,
  type EncodableEvent,
  type EncodedRecord,
  encodeRecord,
  RecordEncoder,
  type RecordText,
} from './record-encoder.js';
export { RecordReader } from './record-reader.js';
export { isSameJson } from './same-json.js';
export { TileBuilder, type TileSink } from './tiles/tile-builder.js';
export { tilePath } from './tiles/tile-path.js';
export * from './verification.js';
