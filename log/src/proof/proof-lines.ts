import { TREE_HASH_BYTES } from '../merkle/tree-hash.js';
import { decodeBase64 } from '../note/base64.js';
import { ProofError } from './proof-error.js';

/** Hashes of a path: levels of a tree whose size is an exact number, and one more (consistency). */
const MAX_PATH = 64;
const DECIMAL = /^(?:0|[1-9]\d*)$/;

/** The two parts of a proof's text: its own lines, and the signed checkpoint after an empty line. */
export interface ProofParts {
  /** Without the line that names the format, which is line 1. */
  readonly lines: readonly string[];
  readonly checkpoint: string;
}

/** Splits a proof whose first line is `format`. */
export function splitProof(text: string, format: string): ProofParts {
  if (!text.startsWith(`${format}\n`)) throw new ProofError(`line 1 of the proof is not ${format}`);
  const split = text.indexOf('\n\n');
  if (split < 0) throw new ProofError('the proof has no empty line before its checkpoint');
  return { lines: text.slice(0, split).split('\n').slice(1), checkpoint: text.slice(split + 2) };
}

export function joinProof(format: string, lines: readonly string[], checkpoint: string): string {
  return `${[format, ...lines].join('\n')}\n\n${checkpoint}`;
}

export function formatPath(path: readonly Uint8Array[]): string[] {
  if (path.length > MAX_PATH)
    throw new ProofError(`a path has at most ${MAX_PATH} hashes, not ${path.length}`);
  return path.map(formatHash);
}

/** `firstLine` is the number of the first hash's line. */
export function parsePath(lines: readonly string[], firstLine: number): Buffer[] {
  if (lines.length > MAX_PATH)
    throw new ProofError(`a path has at most ${MAX_PATH} hashes, not ${lines.length}`);
  return lines.map((line, index) => parseHash(line, firstLine + index));
}

export function formatHash(hash: Uint8Array): string {
  if (hash.length !== TREE_HASH_BYTES) {
    throw new ProofError(`a hash has ${TREE_HASH_BYTES} bytes, not ${hash.length}`);
  }
  return Buffer.from(hash).toString('base64');
}

export function parseHash(text: string, line: number): Buffer {
  const hash = decodeBase64(text);
  if (hash?.length !== TREE_HASH_BYTES) {
    throw new ProofError(`line ${line} of the proof does not hold the base64 of ${TREE_HASH_BYTES} bytes`);
  }
  return hash;
}

export function formatNumber(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new ProofError(`${value} is no index or size`);
  return String(value);
}

export function parseNumber(text: string, line: number): number {
  const value = Number(text);
  if (!DECIMAL.test(text) || !Number.isSafeInteger(value)) {
    throw new ProofError(`line ${line} of the proof does not hold a decimal number`);
  }
  return value;
}
