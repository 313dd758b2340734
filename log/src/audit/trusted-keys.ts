import { NoteVerifier } from '../note/note-verifier.js';
import type { SignedNote } from '../note/signed-note.js';
import type { Ledger } from './ledger.js';

interface TrustedKey {
  readonly verifier: NoteVerifier;
  /** The checkpoints that it may sign: of more records than `after`, and of at most `upTo`. */
  readonly after: number;
  readonly upTo: number;
}

/** The keys that are pinned, and those that the log has added under a signature of one that is trusted. */
export class TrustedKeys {
  readonly #keys: TrustedKey[] = [];

  constructor(pinned: readonly NoteVerifier[], ledger: Ledger) {
    const named = ledger.state.keys.map((key) => ({ ...key, verifier: NoteVerifier.parse(key.vkey) }));
    const retiredAt = (verifier: NoteVerifier) =>
      named.find((key) => isSameKey(key.verifier, verifier) && key.retiredAt !== null)?.retiredAt ??
      Number.POSITIVE_INFINITY;
    for (const verifier of pinned) this.#keys.push({ verifier, after: 0, upTo: retiredAt(verifier) });
    for (const { verifier, addedAt, vouchedBy } of named) {
      if (vouchedBy === null || this.#has(verifier) || !this.#has(NoteVerifier.parse(vouchedBy))) continue;
      this.#keys.push({ verifier, after: addedAt, upTo: retiredAt(verifier) });
    }
  }

  /** Whether one of them has signed a checkpoint of this origin and size. A key is trusted whatever name it signs under. */
  hasSigned(note: SignedNote, origin: string, size: number): boolean {
    return this.#keys.some(
      ({ verifier, after, upTo }) => size > after && size <= upTo && verifier.named(origin).verify(note),
    );
  }

  #has(verifier: NoteVerifier): boolean {
    return this.#keys.some((key) => isSameKey(key.verifier, verifier));
  }
}

export function isSameKey(a: NoteVerifier, b: NoteVerifier): boolean {
  return Buffer.compare(a.publicKey, b.publicKey) === 0;
}
