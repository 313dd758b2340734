import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { decodeBase64 } from './base64.js';
import { assertKeyName, ED25519, ed25519KeyId, isKeyName, KEY_BYTES, keyIdText } from './key-name.js';
import { NoteError } from './note-error.js';
import type { SignedNote } from './signed-note.js';

const VERIFIER_KEY = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/;

/** A public Ed25519 key with a name: verifies the notes that its private key signed under that name. */
export class NoteVerifier {
  readonly name: string;
  readonly keyId: number;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly #key: KeyObject;

  /** Throws NoteError for what cannot be a name, or a public key of another length than 32 bytes. */
  constructor(name: string, publicKey: Uint8Array) {
    assertKeyName(name);
    if (publicKey.length !== KEY_BYTES) {
      throw new NoteError(`a public key of Ed25519 has ${KEY_BYTES} bytes, not ${publicKey.length}`);
    }
    this.name = name;
    this.publicKey = Uint8Array.from(publicKey);
    this.keyId = ed25519KeyId(name, publicKey);
    const x = Buffer.from(publicKey).toString('base64url');
    this.#key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  }

  /**
   * Reads a verifier key (C2SP signed-note, "Verifier keys"): `<name>+<key id in hex>+<base64 of type and key>`.
   * Blanks around it are ignored. Throws NoteError.
   */
  static parse(vkey: string): NoteVerifier {
    const [, name = '', keyId = '', material = ''] = VERIFIER_KEY.exec(vkey.trim()) ?? [];
    const bytes = decodeBase64(material);
    if (bytes === undefined || bytes.length === 0) {
      throw new NoteError('a verifier key has the form <name>+<key id, 8 hex digits>+<base64>');
    }
    if (bytes[0] !== ED25519)
      throw new NoteError(`the key ${name} is of type ${bytes[0]}, known is Ed25519 (1)`);
    const verifier = new NoteVerifier(name, bytes.subarray(1));
    if (keyIdText(verifier.keyId) !== keyId) {
      throw new NoteError(`the key ${name} has the id ${keyIdText(verifier.keyId)}, but says ${keyId}`);
    }
    return verifier;
  }

  /** The same key under another name. */
  named(name: string): NoteVerifier {
    return new NoteVerifier(name, this.publicKey);
  }

  /**
   * Whether the note has a good signature of this key under this name. Of several the first counts, as in Go's note
   * package: a note with a bad signature of a known key is to be refused as a whole (C2SP signed-note, "Signatures").
   * Never throws.
   */
  verify(note: SignedNote): boolean {
    const own = note.signatures.find(({ name, keyId }) => name === this.name && keyId === this.keyId);
    return own !== undefined && verify(null, Buffer.from(note.text, 'utf8'), this.#key, own.signature);
  }

  /** Whether the note has a good signature of this key under another name; under what cannot be one it has none. Never throws. */
  verifyAs(name: string, note: SignedNote): boolean {
    return isKeyName(name) && this.named(name).verify(note);
  }

  /** The verifier key, for people to pass on and pin. */
  toString(): string {
    const material = Buffer.concat([Buffer.of(ED25519), this.publicKey]);
    return `${this.name}+${keyIdText(this.keyId)}+${material.toString('base64')}`;
  }
}
