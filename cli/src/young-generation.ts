import { setFlagsFromString } from 'node:v8';

// Starting allocates a lot that is garbage at once, for which V8 would grow the young generation to 32 MiB and keep it:
// a fifth of what an idle operator may take. So every command starts with a small one, and those that keep much of what they
// read let it grow then. What streams a log and keeps nothing stays with it: cheap and frequent collections free
// the chunks, which are outside of the heap; in a large one they stay until V8 collects the whole heap for them, a fifth
// of the time of verifying a chain.
const NO_GROWTH = '--semi-space-growth-factor=1';
const USUAL_GROWTH = '--semi-space-growth-factor=2';

/** Keeps V8's young generation at its first size, in this thread and in those that it starts. */
export function restrainYoungGeneration(): void {
  setFlagsFromString(NO_GROWTH);
}

/** Lets it grow with the load, as usual. */
export function releaseYoungGeneration(): void {
  setFlagsFromString(USUAL_GROWTH);
}
