// What hashes record lines in threads of its own. Apart from the rest of the kernel, as each such thread loads it anew.
export { LineFeed, THREAD_FROM_RECORDS } from './line-feed.js';
export { takeSlots } from './take-slots.js';
