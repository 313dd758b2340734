import { hash } from 'node:crypto';
import { NoteError } from './note-error.js';

/** Type of an Ed25519 signature, the byte before a key (C2SP signed-note, "Signature types"). */
export const ED25519 = 0x01;
/** Bytes of an Ed25519 public key, and of the seed of a private one. */
export const KEY_BYTES = 32;

/** Unicode's spaces and plus signs, as C2SP says, and all control characters, which no terminal should be shown. */
const FORBIDDEN = /[\p{White_Space}\p{Cc}+]/u;

/** Whether a key may have this name (C2SP signed-note, "Format"). */
export function isKeyName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !FORBIDDEN.test(name);
}

export function assertKeyName(name: string): void {
  if (isKeyName(name)) return;
  throw new NoteError(
    `${JSON.stringify(name)} cannot name a key: a name is not empty and has no spaces, control characters or "+"`,
  );
}

/** First four bytes of SHA-256(name LF 0x01 publicKey), as a number (C2SP signed-note, "Ed25519 signatures"). */
export function ed25519KeyId(name: string, publicKey: Uint8Array): number {
  const hashed = Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), Buffer.of(ED25519), publicKey]);
  return hash('sha256', hashed, 'buffer').readUInt32BE();
}

/** A key id as keys show it: eight lower-case hex digits. */
export function keyIdText(keyId: number): string {
  return keyId.toString(16).padStart(8, '0');
}
