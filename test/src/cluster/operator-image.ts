import { join } from 'node:path';
import { programOf } from './real-cluster/programs.js';

/** Names a directory that scripts/lib/image-cache.mjs has made. */
const OPERATOR_IMAGE_VARIABLE = 'RYNXS_TEST_OPERATOR_IMAGE';

export interface OperatorImage {
  /** Path of the archive, for `RunningNode.importImage`. */
  readonly archive: string;
  /** What the image is called once it was imported. */
  readonly name: string;
  /** Path of its bill of materials. */
  readonly sbom: string;
  /** Path of what `npm run image -- --output json` said of it. */
  readonly build: string;
}

/** The operator's image of this working copy. Throws when the tests were started without it. */
export function operatorImage(): OperatorImage {
  const directory = programOf(OPERATOR_IMAGE_VARIABLE);
  return {
    archive: join(directory, 'image.tar'),
    name: 'ghcr.io/rynxs/operator:v0.1.0',
    sbom: join(directory, 'sbom.cdx.json'),
    build: join(directory, 'build.json'),
  };
}
