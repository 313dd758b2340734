import { expect } from 'chai';
import { ReconcileQueue } from './reconcile-queue.js';

describe('reconcile queue', () => {
  it('reconciles a key once however often it was added', async () => {
    const seen: string[] = [];
    const queue = new ReconcileQueue((key) => seen.push(key), fail);
    queue.add('a');
    queue.add('b');
    queue.add('a');
    await turn();
    expect(seen).to.deep.equal(['a', 'b']);
    queue.close();
  });

  it('reconciles again what is added while it is being reconciled', async () => {
    const seen: string[] = [];
    const queue: ReconcileQueue = new ReconcileQueue((key) => {
      if (seen.push(key) === 1) queue.add(key);
    }, fail);
    queue.add('a');
    await turn();
    await turn();
    expect(seen).to.deep.equal(['a', 'a']);
    queue.close();
  });

  it('tries again what fails, and goes on with the others', async () => {
    const seen: string[] = [];
    const failures: unknown[] = [];
    const done = new Promise<void>((resolve) => {
      const queue = new ReconcileQueue(
        (key) => {
          seen.push(key);
          if (key === 'bad' && seen.filter((each) => each === 'bad').length < 3) throw new Error('not yet');
          if (key === 'bad') {
            queue.close();
            resolve();
          }
        },
        (_, error) => failures.push(error),
      );
      queue.add('bad');
      queue.add('good');
    });
    await done;
    expect(seen).to.deep.equal(['bad', 'good', 'bad', 'bad']);
    expect(failures).to.have.length(2);
  });

  it('does nothing after it was closed', async () => {
    const seen: string[] = [];
    const queue = new ReconcileQueue((key) => seen.push(key), fail);
    queue.add('a');
    queue.close();
    queue.add('b');
    await turn();
    expect(seen).to.deep.equal([]);
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function fail(key: string, error: unknown): never {
  throw new Error(`reconciling ${key} failed`, { cause: error });
}
