export {
  childKey,
  decideChildren,
  manifestDigest,
  reduceChildren,
} from './children.js';
export * from './events.js';
export { differingPaths, mergeOwned } from './owned-fields.js';
export { OWNER_UID_ANNOTATION } from './ownership.js';
export { type Aggregate, Projection } from './projection.js';
