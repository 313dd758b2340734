import { parentPort, workerData } from 'node:worker_threads';
import { RootRecorder } from '@rynxs/log';
import { type FilledSlot, SLOT_BYTES, type TreeAnswer } from './tree-slots.js';

// The thread of a TreeWorker: hashes the lines of each slot, gives it back, and tells the roots when it is asked.

const port = parentPort;
if (port === null) throw new Error('this module is the thread of a TreeWorker');
const memory = workerData as SharedArrayBuffer;
const recorder = new RootRecorder();
const answer = (message: TreeAnswer): void => port.postMessage(message);

port.on('message', (filled: FilledSlot | 'finish') => {
  if (filled === 'finish') {
    answer({ roots: recorder.roots() });
    return;
  }
  const { slot, bytes, sizes } = filled;
  for (const size of sizes) recorder.want(size);
  recorder.appendLines(new Uint8Array(memory, slot * SLOT_BYTES, bytes));
  answer({ free: slot });
});
