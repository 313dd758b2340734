import { programOf } from './real-cluster/programs.js';

/** Path of an archive with the operator's image; scripts/lib/image-cache.mjs makes it. */
const OPERATOR_IMAGE_VARIABLE = 'RYNXS_TEST_OPERATOR_IMAGE';

export interface OperatorImage {
  /** Path of the archive, for `RunningNode.importImage`. */
  readonly archive: string;
  /** What the image is called once it was imported. */
  readonly name: string;
}

/** The operator's image of this working copy. Throws when the tests were started without it. */
export function operatorImage(): OperatorImage {
  return { archive: programOf(OPERATOR_IMAGE_VARIABLE), name: 'ghcr.io/rynxs/operator:v0.1.0' };
}
