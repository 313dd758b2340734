import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Terminal } from '../terminal/terminal.js';

/** Where a laptop's signing key is when nothing else is said: in the user's configuration, never beside the log. */
export function defaultKeyFile(env: Terminal['env']): string {
  const configured = env.XDG_CONFIG_HOME ?? '';
  const directory = configured === '' ? join(env.HOME ?? homedir(), '.config') : configured;
  return join(directory, 'rynxs', 'log-signing.key');
}

/** The key file that a command means. */
export function chosenKeyFile(
  named: string | undefined,
  { env, cwd }: Pick<Terminal, 'env' | 'cwd'>,
): string {
  return named === undefined ? defaultKeyFile(env) : resolve(cwd, named);
}
