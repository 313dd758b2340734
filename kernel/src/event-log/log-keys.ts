import { readFile, stat } from 'node:fs/promises';
import { NoteError, NoteSigner, NoteVerifier } from '@rynxs/log';
import { rynxsError } from '../errors/rynxs-error.js';

/** The keys of a log, as far as this process has them. Names do not matter: a key signs under the log's origin. */
export interface LogKeys {
  /** Signs checkpoints and snapshots. Without it they are unsigned. */
  readonly signer?: NoteSigner;
  /** The key before: vouches for `signer` and is retired. */
  readonly previous?: NoteSigner;
  /** Whose signatures count: those of `signer` and `previous`, and others that were configured. */
  readonly trusted: readonly NoteVerifier[];
}

export const NO_KEYS: LogKeys = { trusted: [] };

export interface LogKeySettings {
  readonly signingKeyFile?: string | undefined;
  readonly previousSigningKeyFile?: string | undefined;
  readonly trustedKeys?: readonly string[] | undefined;
}

/** Reads the keys that the configuration names. Throws RYNXS_LOG_KEY. */
export async function readLogKeys(settings: LogKeySettings): Promise<LogKeys> {
  const [signer, previous] = await Promise.all([
    settings.signingKeyFile === undefined ? undefined : readSigningKey(settings.signingKeyFile),
    settings.previousSigningKeyFile === undefined
      ? undefined
      : readSigningKey(settings.previousSigningKeyFile),
  ]);
  const configured = (settings.trustedKeys ?? []).map((text) => parseVerifierKey(text, 'LOG_TRUSTED_KEYS'));
  const own = [signer, previous].flatMap((key) => (key === undefined ? [] : [key.verifier]));
  return {
    ...(signer === undefined ? {} : { signer }),
    ...(previous === undefined ? {} : { previous }),
    trusted: [...own, ...configured],
  };
}

/** What a key in PEM, which has no name, is called until a log signs with it. */
const PEM_KEY_NAME = 'rynxs';
const PEM_HEAD = '-----BEGIN ';

/**
 * Reads a private key from a file in the form of `rynxs keys generate`, or in PEM as `openssl genpkey -algorithm ed25519`
 * writes it. Throws RYNXS_LOG_KEY, also when the file belongs to this user and others may read it (a mounted Secret belongs
 * to root).
 */
export async function readSigningKey(file: string): Promise<NoteSigner> {
  const { text, mode, uid } = await readKeyFile(file);
  const isOwn = uid === process.getuid?.();
  if (isOwn && (mode & 0o077) !== 0) {
    const detail = `others may read it (mode ${(mode & 0o777).toString(8)}): run \`chmod 600 ${file}\``;
    throw rynxsError('RYNXS_LOG_KEY', { key: file, detail });
  }
  try {
    return text.startsWith(PEM_HEAD) ? NoteSigner.fromPem(text, PEM_KEY_NAME) : NoteSigner.parse(text);
  } catch (cause) {
    if (!(cause instanceof NoteError)) throw cause;
    throw rynxsError('RYNXS_LOG_KEY', { key: file, detail: cause.message }, { cause });
  }
}

/** Reads a verifier key. `where` names its place in an error. Throws RYNXS_LOG_KEY. */
export function parseVerifierKey(text: string, where: string): NoteVerifier {
  try {
    return NoteVerifier.parse(text);
  } catch (cause) {
    if (!(cause instanceof NoteError)) throw cause;
    throw rynxsError('RYNXS_LOG_KEY', { key: where, detail: cause.message }, { cause });
  }
}

async function readKeyFile(
  file: string,
): Promise<{ readonly text: string; readonly mode: number; readonly uid: number }> {
  try {
    const [text, { mode, uid }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
    return { text, mode, uid };
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw rynxsError('RYNXS_LOG_KEY', { key: file, detail }, { cause });
  }
}
