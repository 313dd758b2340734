import { setFlagsFromString } from 'node:v8';

// Starting allocates a lot that is garbage at once, for which V8 would grow the young generation to 32 MiB and keep it:
// a fifth of what an idle operator may take. Held small while starting, it grows later if load asks for it.
const NO_GROWTH = '--semi-space-growth-factor=1';
const USUAL_GROWTH = '--semi-space-growth-factor=2';

/** Keeps V8's young generation at its first size, for the time of starting. */
export function restrainYoungGeneration(): void {
  setFlagsFromString(NO_GROWTH);
}

/** Lets it grow with the load, as usual. */
export function releaseYoungGeneration(): void {
  setFlagsFromString(USUAL_GROWTH);
}
