export { canonicalize } from './canonicalize.js';
export { ChainVerifier } from './chain-verifier.js';
export { type EncodedCommit, encodeCommit } from './commit.js';
export { Damage, type DamageDetails, type DamageKind } from './damage.js';
export * from './event.js';
export * from './limits.js';
export {
  type EncodedRecord,
  encodeRecord,
  encodeRecordText,
  parseRecord,
  RECORD_HEAD_BYTES,
  RECORD_TAIL_BYTES,
  type RecordParts,
  RecordTooLargeError,
  recordParts,
  ZERO_HASH,
} from './record.js';
export * from './verification.js';
