import { stat } from 'node:fs/promises';
import { type Check, findingsOfError } from '../check.js';
import { type Finding, ok, warning } from '../finding.js';

const READABLE_BY_ALL = 0o004;

/** Whether the signing key is there, can be used, and is no one else's to read. */
export const keysCheck: Check = {
  name: 'keys',
  parts: [
    async (installation) => {
      const { settings } = await installation.knownKernel();
      const { signer, previous, trusted } = await installation.keys();
      const files = [settings.signingKeyFile, settings.previousSigningKeyFile].flatMap((file) => file ?? []);
      const exposed = (await Promise.all(files.map(exposureOf))).flat();
      if (signer === undefined) {
        const remedy =
          'Make a key with `rynxs keys generate`, mount it, and name it in LOG_SIGNING_KEY_FILE; give its verifier key to whoever checks the log.';
        const text =
          'there is no signing key: checkpoints are unsigned, and whoever can write to the store can rewrite the log unnoticed';
        return [warning(text, remedy), ...exposed];
      }
      const others = trusted.length - (previous === undefined ? 1 : 2);
      const also = [
        ...(previous === undefined ? [] : ['the key before']),
        ...(others === 0 ? [] : [`${others} of LOG_TRUSTED_KEYS`]),
      ];
      const text = `checkpoints are signed by ${signer.verifier}${also.length === 0 ? '' : `; trusted besides: ${also.join(', ')}`}`;
      return [ok(text), ...exposed];
    },
  ],
};

/** The owner's own file was looked at when it was read; a mounted one belongs to root, and may be for all to read. */
export async function exposureOf(file: string): Promise<readonly Finding[]> {
  try {
    const { mode } = await stat(file);
    if ((mode & READABLE_BY_ALL) === 0) return [];
    const text = `everybody in this container may read ${file} (mode ${(mode & 0o777).toString(8)})`;
    return [
      warning(text, 'Mount the Secret with defaultMode 0440 and set fsGroup to the group of the process.'),
    ];
  } catch (error) {
    return findingsOfError(error);
  }
}
