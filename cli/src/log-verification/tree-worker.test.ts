import { MerkleFrontier } from '@rynxs/log';
import { expect } from 'chai';
import { TreeWorker } from './tree-worker.js';

describe('the tree that grows in a thread', () => {
  /** Lines of up to a record's length, of more bytes than are under way at once. */
  function manyLines(): Buffer[] {
    const lines: Buffer[] = [];
    for (let bytes = 0, index = 0; bytes < 10_000_000; index++) {
      const line = Buffer.from(`${index} ${'x'.repeat((index * 7919) % 65_000)}\n`);
      lines.push(line);
      bytes += line.length;
    }
    return lines;
  }

  it('has the roots at the sizes that were asked for, and at the end', async () => {
    const lines = manyLines();
    const expected = new MerkleFrontier();
    const sizes = [1, 77, 300, lines.length];
    const roots = new Map<number, string>();
    for (const line of lines) {
      expected.appendLines(line);
      if (sizes.includes(expected.size)) roots.set(expected.size, expected.root().toString('hex'));
    }
    await using tree = new TreeWorker();
    // All at once: more than fits into the slots, so that some has to wait.
    tree.sink(Buffer.concat(lines.slice(0, 50)), sizes.slice(0, 3));
    tree.sink(Buffer.concat(lines.slice(50)), []);
    expect(tree.ready()).to.be.instanceOf(Promise);
    await tree.ready();
    expect(tree.ready()).to.equal(undefined);
    const computed = new Map([...(await tree.roots())].map(([size, root]) => [size, root.toString('hex')]));
    expect(computed).to.deep.equal(roots);
  });

  it('takes the lines over: their memory may change at once', async () => {
    const lines = Buffer.concat(manyLines());
    const expected = new MerkleFrontier();
    expected.appendLines(lines);
    await using tree = new TreeWorker();
    tree.sink(lines, []);
    lines.fill(0);
    const roots = await tree.roots();
    expect(roots.get(expected.size)?.equals(expected.root())).to.equal(true);
  });

  it('ends quietly when nobody wants its roots any more', async () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', onUnhandled);
    const tree = new TreeWorker();
    tree.sink(Buffer.concat(manyLines()), []);
    await tree[Symbol.asyncDispose]();
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', onUnhandled);
    expect(unhandled).to.deep.equal([]);
  });

  it('says so when its thread has ended', async () => {
    const tree = new TreeWorker();
    await tree[Symbol.asyncDispose]();
    const failure = await tree.roots().then(
      () => expect.fail('there are roots'),
      (error: Error) => error,
    );
    expect(failure.message).to.match(/^the thread ended with code \d$/);
  });
});
