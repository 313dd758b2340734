import { SampleLog } from '@rynxs/kernel/testing';
import { FileEventStore } from '../file-event-store.js';

// Run as a process of its own by tests: opens the store in the directory that is its first argument, says so, appends
// commits as fast as it can, and says after each one which number is durable, until it is killed or told to stop. The
// third argument is the size of a segment.

const [dir = '', mode = 'append', segmentSize = '67108864'] = process.argv.slice(2);
const store = new FileEventStore({ dir, segmentSize: Number(segmentSize) });
const { signal } = new AbortController();
const { head } = await store.open(signal);
process.stdout.write(`open ${head.nextSeq}\n`);
const log = new SampleLog();
while (log.head.nextSeq < head.nextSeq) log.next(countAt(log.head.nextSeq));
if (mode === 'append') {
  for (;;) {
    await store.append(log.next(countAt(log.head.nextSeq)), signal);
    process.stdout.write(`durable ${log.head.nextSeq}\n`);
  }
}
// Holds the lock until standard input ends.
process.stdin.resume().on('end', () => void store.close());

/** Sizes that follow from the place alone, so that the next process goes on with the same commits. */
function countAt(seq: number): number {
  return seq === 0 ? 1 : 1 + ((seq * 7) % 40);
}
