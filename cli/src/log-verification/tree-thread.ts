import { takeSlots } from '@rynxs/kernel/threads';
import { RootRecorder } from '@rynxs/log';

// The thread of a TreeWorker: hashes the lines that it is given, and tells the roots when it is asked.

const recorder = new RootRecorder();
const answer = takeSlots<ReadonlyMap<number, Uint8Array>, readonly number[]>({
  take: (lines, notes) => {
    for (const size of notes.flat()) recorder.want(size);
    recorder.appendLines(lines);
  },
  told: () => answer(recorder.roots()),
});
