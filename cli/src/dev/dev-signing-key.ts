import { existsSync } from 'node:fs';
import type { Logger } from '@rynxs/kernel';
import { createSigningKey, defaultKeyFile } from '../keys/key-file.js';
import type { Terminal } from '../terminal/terminal.js';

/**
 * The key that signs the log of `rynxs dev`: the user's own, made at the first start. Undefined when the environment names
 * one, and when none can be kept: then the log is not signed, which is a warning and no failure.
 */
export async function devSigningKey({ env }: Terminal, logger: Logger): Promise<string | undefined> {
  if ((env.LOG_SIGNING_KEY_FILE ?? '') !== '') return undefined;
  const file = defaultKeyFile(env);
  if (existsSync(file)) return file;
  try {
    await createSigningKey(file, { makeDirectory: true });
    logger.info('made a key that signs the log', { file });
  } catch (error) {
    // Another start may have made it meanwhile.
    if (existsSync(file)) return file;
    logger.warn('the log is not signed: no key can be kept', { file, error });
    return undefined;
  }
  return file;
}
