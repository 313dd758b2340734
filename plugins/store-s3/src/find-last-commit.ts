import { MAX_SEQ } from '@rynxs/log';
import type { CommitList, ListedCommit } from './commit-list.js';
import { MAX_LIST_KEYS } from './object-storage.js';

/** Pages that may be listed at most. With the object itself that makes 25 requests. */
const PAGE_BUDGET = 24;
/** How much further each jump goes, while the end is not in sight. */
const JUMP_FACTOR = 8;

/** What is known of the end of a log: its last commit begins neither before nor after. */
interface Range {
  /** First number of it. */
  low: number;
  /** Last number of it. */
  high: number;
}

/**
 * Finds the last commit that begins at or after `from`, undefined when there is none, by listing one page here and
 * there. A `from` above 0 is taken for a place near the end, and looked at first. A page that is empty, or not the last,
 * tells on which side the end is; holes in the log do not mislead it.
 * Pages near the start come first, because most logs are short, but only where enough pages are left for the longest.
 */
export async function findLastCommit(
  list: CommitList,
  from: number,
  signal: AbortSignal,
): Promise<ListedCommit | undefined> {
  const range: Range = { low: from, high: MAX_SEQ };
  let last: ListedCommit | undefined;
  for (let budget = PAGE_BUDGET; range.low <= range.high; budget -= 1) {
    const isFirst = budget === PAGE_BUDGET;
    const probe = isFirst && from > 0 ? from : nextProbe(range, from, budget);
    const { commits, isLast } = await list.from(probe, signal);
    last = commits.at(-1) ?? last;
    if (commits.length === 0) range.high = probe - 1;
    else if (isLast) break;
    else range.low = (last?.firstSeq ?? probe) + 1;
  }
  return last;
}

/**
 * Where to look with `budget` pages left. A page shows at least MAX_LIST_KEYS numbers, so b pages suffice to find the
 * end among (2^b - 1) times as many: what is left on either side must fit into the pages that are left then.
 */
function nextProbe({ low, high }: Range, from: number, budget: number): number {
  const numbers = high - low + 1;
  const reach = (pages: number): number => MAX_LIST_KEYS * (2 ** Math.max(0, pages) - 1);
  if (numbers > reach(budget)) return low + Math.floor(numbers / 2);
  const lowest = high - MAX_LIST_KEYS - reach(budget - 1) + 1;
  const highest = low + reach(budget - 1);
  const jump = low + JUMP_FACTOR * (low - from);
  return Math.max(low, Math.min(Math.max(jump, lowest), highest));
}
