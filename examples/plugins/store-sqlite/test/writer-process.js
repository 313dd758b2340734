// A writer as a process of its own: `node writer-process.js FILE NAME RECORDS`. It begins a term at the head again
// and again, until the log has RECORDS records, and prints the number after each commit that it was told is durable.
import { batchOf } from '@rynxs/kernel/testing';
import { ChainVerifier } from '@rynxs/log';
import { SqliteEventStore } from 'rynxs-store-sqlite';

const [file = '', writer = '', records = ''] = process.argv.slice(2);
const { signal } = new AbortController();
const store = new SqliteEventStore({ file, busyTimeout: 30_000 });
await store.open(signal);
for (let next = await nextCommit(); next.firstSeq < Number(records); next = await nextCommit()) {
  try {
    await store.append(next, signal);
  } catch (error) {
    if (store.errorCode(error) === 'conflict') continue;
    throw error;
  }
  process.stdout.write(`${next.firstSeq + next.count}\n`);
}
await store.close();

/** Reads and verifies everything, and makes the commit that begins the next epoch. */
async function nextCommit() {
  const verifier = new ChainVerifier();
  for await (const chunk of store.read(0, signal)) verifier.push(chunk);
  const { nextSeq: firstSeq, headHash: prevHash, epochs } = verifier.finish();
  const epoch = epochs + 1;
  const started = { epoch, holder: writer, log_id: 'sample-log', cluster_uid: 'sample', shard: 'default' };
  return batchOf([{ type: 'EpochStarted', aggregateId: 'log', payload: started }, { payload: { writer } }], {
    firstSeq,
    prevHash,
    epoch,
    writer,
  });
}
