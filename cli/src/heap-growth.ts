import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';

// Starting allocates a lot that is garbage at once, for which V8 would grow the young generation to 32 MiB and keep it: a
// fifth of what an idle operator may take. So every command starts with a small one. What streams a log and keeps nothing
// stays with it: cheap and frequent collections free the chunks, which are outside of the heap; in a large one they stay
// until V8 collects the whole heap for them, a fifth of the time of verifying a chain.
const NO_GROWTH = '--semi-space-growth-factor=1';
const USUAL_GROWTH = '--semi-space-growth-factor=2';
/** V8 begins with 1 MiB for each of two halves: 8 MiB are as fast for an operator under load as 16; 4 take a tenth more CPU. */
const ONE_STEP = '--semi-space-growth-factor=8';

// V8 lets the whole heap grow to a multiple of what lived before it collects it again: with 10,000 Agents a hundred
// megabytes of garbage. A small heap may, which makes a start quicker.
const SMALL_HEAP_BYTES = 64 * 2 ** 20;
const GROWTH_BY_30_PERCENT = '--heap-growing-percent=30';

/** Keeps V8's young generation at its first size, in this thread and in those that it starts. */
export function restrainYoungGeneration(): void {
  setFlagsFromString(NO_GROWTH);
}

/** Lets it grow with the load, as usual: for what builds up large state in one go. */
export function releaseYoungGeneration(): void {
  setFlagsFromString(USUAL_GROWTH);
}

/** Lets it grow once, when load asks for it, to eight times its size: for what runs for long. */
export function letYoungGenerationGrowOnce(): void {
  const before = youngGenerationBytes();
  const observer = new PerformanceObserver(() => {
    if (youngGenerationBytes() <= before) return;
    observer.disconnect();
    setFlagsFromString(NO_GROWTH);
  });
  observer.observe({ entryTypes: ['gc'] });
  setFlagsFromString(ONE_STEP);
}

/** Has V8 collect the whole heap, once it is large, whenever it has grown by 30 %: for what keeps much for long. */
export function restrainLargeHeap(): void {
  const observer = new PerformanceObserver(() => {
    if (getHeapStatistics().used_heap_size < SMALL_HEAP_BYTES) return;
    observer.disconnect();
    setFlagsFromString(GROWTH_BY_30_PERCENT);
  });
  observer.observe({ entryTypes: ['gc'] });
}

function youngGenerationBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
}
