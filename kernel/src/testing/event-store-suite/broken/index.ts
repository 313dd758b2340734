import { BROKEN_ABORTING } from './aborting.js';
import { BROKEN_APPENDING } from './appending.js';
import type { Broken } from './breakable-store.js';
import { BROKEN_FENCING } from './fencing.js';
import { BROKEN_KNOWN_SIZE } from './known-size.js';
import { BROKEN_LIFECYCLE } from './lifecycle.js';
import { BROKEN_LOST_ANSWERS } from './lost-answers.js';
import { BROKEN_OBJECTS } from './objects.js';
import { BROKEN_OPENING } from './opening.js';
import { BROKEN_PROBING } from './probing.js';
import { BROKEN_RACES } from './races.js';
import { BROKEN_READING } from './reading.js';
import { BROKEN_RECOVERY } from './recovery.js';
import { BROKEN_SCALE } from './scale.js';
import { BROKEN_TRAILING } from './trailing.js';

/** For each case of the suite, by its name, a store that does wrong what the case is about. */
export const BROKEN_STORES: Readonly<Record<string, Broken>> = {
  ...BROKEN_OPENING,
  ...BROKEN_APPENDING,
  ...BROKEN_READING,
  ...BROKEN_SCALE,
  ...BROKEN_RACES,
  ...BROKEN_FENCING,
  ...BROKEN_LOST_ANSWERS,
  ...BROKEN_RECOVERY,
  ...BROKEN_KNOWN_SIZE,
  ...BROKEN_TRAILING,
  ...BROKEN_PROBING,
  ...BROKEN_OBJECTS,
  ...BROKEN_LIFECYCLE,
  ...BROKEN_ABORTING,
};
