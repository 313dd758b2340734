import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** The configuration file that a command means: the one named, else `rynxs.yaml` in the current directory. */
export function configFile(named: string | undefined, cwd: string): { readonly configFile?: string } {
  if (named !== undefined) return { configFile: resolve(cwd, named) };
  const usual = resolve(cwd, 'rynxs.yaml');
  return existsSync(usual) ? { configFile: usual } : {};
}
