import type { NoteSigner } from '../note/note-signer.js';
import type { NoteVerifier } from '../note/note-verifier.js';

/** What a key can say of another one, or of itself. */
export type KeyStatement = 'key-added' | 'key-retired';

/**
 * The text that is signed: its purpose, the log, the event that carries it, and the key that it is about, each on a
 * line. With the event's number in it, nobody can move a statement to where it would say more, or less.
 */
function statementText(what: KeyStatement, logId: string, key: NoteVerifier, seq: number): string {
  return `rynxs.log/${what}@v1\n${logId}\n${seq}\n${key.toString()}\n`;
}

/**
 * Signs that `key` becomes, or is no longer, a key of the log by the event `seq`. The signature in base64, as it stands
 * in the event.
 */
export function vouchFor(
  what: KeyStatement,
  logId: string,
  key: NoteVerifier,
  seq: number,
  signer: NoteSigner,
): string {
  const [signature] = signer.sign(statementText(what, logId, key, seq)).signatures;
  return Buffer.from(signature?.signature ?? []).toString('base64');
}

/** Whether `voucher` has signed this statement. */
export function isVouchedFor(
  what: KeyStatement,
  logId: string,
  key: NoteVerifier,
  seq: number,
  voucher: NoteVerifier,
  signature: string,
): boolean {
  const { name, keyId } = voucher;
  return voucher.verify({
    text: statementText(what, logId, key, seq),
    signatures: [{ name, keyId, signature: Buffer.from(signature, 'base64') }],
  });
}
