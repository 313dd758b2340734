import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { dataDirectory, kubeconfigFile } from '../data-directory.js';
import type { Terminal } from '../terminal/terminal.js';

/**
 * The kubeconfig that a command means: the one named, else that of `rynxs dev` in this directory. Undefined leaves
 * it to the cluster client: KUBECONFIG, then what kubectl uses.
 */
export function chosenKubeconfig(
  named: string | undefined,
  { cwd }: Pick<Terminal, 'cwd'>,
): string | undefined {
  if (named !== undefined) return resolve(cwd, named);
  const ofDev = kubeconfigFile(dataDirectory(undefined, cwd));
  return existsSync(ofDev) ? ofDev : undefined;
}
