import { ChildProcess } from 'node:child_process';
import { Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const PATIENCE_MS = Number(process.env.RYNXS_TEST_PATIENCE_MS);
const POLL_MS = 20;

/** Rejections that nobody handled; mocha passes them on to nobody. */
const unhandled = [];

/**
 * Root hooks of every test run: a test file that leaves a listening server or a child process behind fails, so does a
 * test after which a promise was rejected that nobody handles, and a seed given to the run is the seed of every property.
 */
export const mochaHooks = {
  async beforeAll() {
    process.on('unhandledRejection', (reason) => unhandled.push(reason));
    const seed = process.env.RYNXS_TEST_SEED;
    if (seed !== undefined) {
      const { default: fc } = await import('fast-check');
      fc.configureGlobal({ seed: Number(seed) });
    }
    const known = new Set(openHandles());
    for (const suite of this.test.parent.suites) {
      suite.afterAll('leaves nothing running', async function () {
        this.timeout(PATIENCE_MS + 5_000);
        const left = await leftOver(known);
        for (const handle of left) known.add(handle);
        if (left.length > 0) throw new Error(`left behind: ${left.map(describe).join(', ')}`);
      });
    }
  },

  async afterEach() {
    // Node reports them when the microtasks are done.
    await new Promise((resolve) => setImmediate(resolve));
    const [first] = unhandled.splice(0);
    if (first !== undefined)
      throw new Error('a promise was rejected, and nobody handled it', { cause: first });
  },
};

/** What is open now and was not known before; waits a little, as closing takes its time. */
async function leftOver(known) {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const left = openHandles().filter((handle) => !known.has(handle));
    if (left.length === 0 || performance.now() > deadline) return left;
    await delay(POLL_MS);
  }
}

function openHandles() {
  // Node has no public way to name what keeps a process alive; the public one gives types without addresses.
  return process
    ._getActiveHandles()
    .filter((handle) => handle instanceof Server || handle instanceof ChildProcess);
}

function describe(handle) {
  if (handle instanceof ChildProcess) return `process ${handle.pid} (${handle.spawnargs.join(' ')})`;
  const address = handle.address();
  return `server on ${typeof address === 'string' ? address : `${address?.address}:${address?.port}`}`;
}
