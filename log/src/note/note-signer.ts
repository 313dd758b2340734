import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { decodeBase64 } from './base64.js';
import { assertKeyName, ED25519, KEY_BYTES, keyIdText } from './key-name.js';
import { NoteError } from './note-error.js';
import { NoteVerifier } from './note-verifier.js';
import { assertNoteText, type SignedNote } from './signed-note.js';

const PRIVATE_KEY = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+(.+)$/;
/** What stands before the seed in a private Ed25519 key of PKCS #8 (RFC 8410, section 7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const DERIVED_BYTES = 32;

/** A private Ed25519 key with a name. The secret leaves it by `export` alone: not by printing, not as JSON. */
export class NoteSigner {
  /** The public half, under the same name. */
  readonly verifier: NoteVerifier;
  readonly #seed: Buffer;
  readonly #key: KeyObject;

  private constructor(name: string, seed: Uint8Array) {
    assertKeyName(name);
    this.#seed = Buffer.from(seed);
    this.#key = createPrivateKey({
      key: Buffer.concat([PKCS8_HEAD, this.#seed]),
      format: 'der',
      type: 'pkcs8',
    });
    const { x = '' } = createPublicKey(this.#key).export({ format: 'jwk' });
    this.verifier = new NoteVerifier(name, Buffer.from(x, 'base64url'));
  }

  /** Makes a new key. Throws NoteError for what cannot be a name. */
  static generate(name: string): NoteSigner {
    return new NoteSigner(name, randomBytes(KEY_BYTES));
  }

  /**
   * Reads what `export` wrote; blanks around it are ignored. Throws NoteError, whose message never quotes the text.
   */
  static parse(text: string): NoteSigner {
    const [, name = '', keyId = '', material = ''] = PRIVATE_KEY.exec(text.trim()) ?? [];
    const bytes = decodeBase64(material);
    if (bytes?.length !== 1 + KEY_BYTES || bytes[0] !== ED25519) {
      throw new NoteError(
        'a private key has the form PRIVATE+KEY+<name>+<key id, 8 hex digits>+<base64 of an Ed25519 key>',
      );
    }
    const signer = new NoteSigner(name, bytes.subarray(1));
    if (keyIdText(signer.verifier.keyId) !== keyId) {
      throw new NoteError(
        `the private key ${name} has the id ${keyIdText(signer.verifier.keyId)}, but says ${keyId}`,
      );
    }
    return signer;
  }

  /**
   * Reads an Ed25519 private key in PEM (PKCS #8, RFC 8410), as OpenSSL and Helm make it; it has no name of its own. Throws
   * NoteError, whose message never quotes the text.
   */
  static fromPem(text: string, name: string): NoteSigner {
    const key = pemKey(text);
    if (key?.asymmetricKeyType !== 'ed25519') {
      throw new NoteError('a private key in PEM has to be an Ed25519 key of PKCS #8 without a passphrase');
    }
    const { d = '' } = key.export({ format: 'jwk' });
    return new NoteSigner(name, Buffer.from(d, 'base64url'));
  }

  /** The same key under another name. */
  named(name: string): NoteSigner {
    return new NoteSigner(name, this.#seed);
  }

  /** A note with this text and one signature. Throws NoteError for text that no note can have. */
  sign(text: string): SignedNote {
    return this.addTo({ text, signatures: [] });
  }

  /** The note with this key's signature at the end, in place of an earlier one of the same name and key id. */
  addTo(note: SignedNote): SignedNote {
    assertNoteText(note.text);
    const { name, keyId } = this.verifier;
    const signature = sign(null, Buffer.from(note.text, 'utf8'), this.#key);
    const others = note.signatures.filter((other) => other.name !== name || other.keyId !== keyId);
    return { text: note.text, signatures: [...others, { name, keyId, signature }] };
  }

  /** The private key as text, in the form of Go's note package. A secret. */
  export(): string {
    const { name, keyId } = this.verifier;
    const material = Buffer.concat([Buffer.of(ED25519), this.#seed]);
    return `PRIVATE+KEY+${name}+${keyIdText(keyId)}+${material.toString('base64')}`;
  }

  /**
   * 32 secret bytes for another purpose, named by the label: HKDF-SHA256 (RFC 5869) of the seed, without salt, with
   * the label as info. The same for every name of the key.
   */
  derive(label: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#seed, '', label, DERIVED_BYTES));
  }

  toString(): string {
    return `NoteSigner(${this.verifier})`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** For console.log and loggers, which may show private fields. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

function pemKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey({ key: text, format: 'pem' });
  } catch {
    // What OpenSSL says of it may quote it.
    return undefined;
  }
}
