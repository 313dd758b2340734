/** Bytes of a record's line without its LF: what a C2SP tlog-tiles entry can hold. */
export const MAX_RECORD_BYTES = 65_535;
/** Records of a commit. */
export const MAX_BATCH_RECORDS = 1_000;
/** Bytes of a commit: all its lines with their LFs. */
export const MAX_BATCH_BYTES = 1_048_576;
/** The last sequence number: ten digits, because names and keys hold them padded to ten. */
export const MAX_SEQ = 9_999_999_999;
/** Containers within containers in an event. Deeper values are refused, so that no reader needs an unbounded stack. */
export const MAX_JSON_DEPTH = 64;
