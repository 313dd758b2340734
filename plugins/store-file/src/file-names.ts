/** The file that is written. It becomes a segment when it is full. */
export const LOG_FILE = 'operator-events.log';
/** The file that takes its place, before it does. */
export const NEXT_LOG_FILE = 'operator-events.log.next';

const SEGMENT_FILE = /^operator-events\.(\d{10})\.log(\.zst)?$/;
const TEMPORARY_FILES = [
  /^operator-events\.object-[0-9a-f-]{36}\.tmp$/,
  /^operator-events\.\d{10}\.log\.zst\.tmp$/,
  /^operator-events\.torn-\d{1,10}(-\d+)?\.tmp$/,
];

/** A full file of the log before it is compressed. */
export function plainName(firstSeq: number): string {
  return `operator-events.${String(firstSeq).padStart(10, '0')}.log`;
}

export function compressedName(firstSeq: number): string {
  return `${plainName(firstSeq)}.zst`;
}

/** Undefined for what is no segment. */
export function readSegmentName(
  name: string,
): { readonly firstSeq: number; readonly isCompressed: boolean } | undefined {
  const match = SEGMENT_FILE.exec(name);
  return match === null ? undefined : { firstSeq: Number(match[1]), isCompressed: match[2] !== undefined };
}

/** Whether a file is what a crash has left of one that was being made. It was never part of the log. */
export function isUnfinished(name: string): boolean {
  return name === NEXT_LOG_FILE || TEMPORARY_FILES.some((pattern) => pattern.test(name));
}
