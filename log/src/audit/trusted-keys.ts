import { NoteVerifier } from '../note/note-verifier.js';
import type { SignedNote } from '../note/signed-note.js';
import type { Ledger } from './ledger.js';

interface TrustedKey {
  readonly verifier: NoteVerifier;
  /** The checkpoints that it may sign: of more records than `after`, and of at most `upTo`. */
  readonly after: number;
  upTo: number;
}

/**
 * The keys that are pinned, and those that the log has added under a signature of one that is trusted. A key is retired
 * only by one that is trusted: else whoever rewrites a log could retire the keys that would convict him.
 */
export class TrustedKeys {
  readonly #keys: TrustedKey[];

  constructor(pinned: readonly NoteVerifier[], ledger: Ledger) {
    this.#keys = pinned.map((verifier) => ({ verifier, after: 0, upTo: Number.POSITIVE_INFINITY }));
    for (const { seq, vkey, by, retires } of statementsOf(ledger)) {
      if (!this.#isTrustedAt(NoteVerifier.parse(by), seq)) continue;
      const verifier = NoteVerifier.parse(vkey);
      const known = this.#keys.filter((key) => isSameKey(key.verifier, verifier));
      if (retires) for (const key of known) key.upTo = Math.min(key.upTo, seq);
      else if (known.length === 0) this.#keys.push({ verifier, after: seq, upTo: Number.POSITIVE_INFINITY });
    }
  }

  /** Whether one of them has signed a checkpoint of this origin and size. A key is trusted whatever name it signs under. */
  hasSigned(note: SignedNote, origin: string, size: number): boolean {
    return this.#keys.some(
      ({ verifier, after, upTo }) => size > after && size <= upTo && verifier.verifyAs(origin, note),
    );
  }

  #isTrustedAt(verifier: NoteVerifier, seq: number): boolean {
    return this.#keys.some((key) => seq <= key.upTo && isSameKey(key.verifier, verifier));
  }
}

interface Statement {
  readonly seq: number;
  readonly vkey: string;
  readonly by: string;
  readonly retires: boolean;
}

/** What keys say of keys, in the order of the log. */
function statementsOf(ledger: Ledger): readonly Statement[] {
  return ledger.state.keys
    .flatMap(({ vkey, addedAt, vouchedBy, retiredAt, retiredBy }): Statement[] => [
      ...(vouchedBy === null ? [] : [{ seq: addedAt, vkey, by: vouchedBy, retires: false }]),
      ...(retiredAt === null || retiredBy === null
        ? []
        : [{ seq: retiredAt, vkey, by: retiredBy, retires: true }]),
    ])
    .sort((a, b) => a.seq - b.seq);
}

export function isSameKey(a: NoteVerifier, b: NoteVerifier): boolean {
  return Buffer.compare(a.publicKey, b.publicKey) === 0;
}
