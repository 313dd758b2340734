import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVENT_STORE } from '@rynxs/kernel';
import { startTestKernel } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import plugin from 'rynxs-store-sqlite';

describe('the plugin', () => {
  /** @type {string} */
  let directory;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rynxs-store-sqlite-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('provides the store that its settings describe', async () => {
    const file = join(directory, 'log.db');
    await using kernel = await startTestKernel({ plugins: [plugin], env: { SQLITE_FILE: file } });
    expect(kernel.get(EVENT_STORE).location).to.equal(`sqlite://${file}`);
  });

  it('refuses a waiting time that is none', async () => {
    const starting = startTestKernel({ plugins: [plugin], env: { SQLITE_BUSY_TIMEOUT: 'soon' } });
    const error = await starting.then(
      () => undefined,
      (/** @type {unknown} */ reason) => reason,
    );
    expect(String(error)).to.include('RYNXS_CONFIG_INVALID').and.to.include('SQLITE_BUSY_TIMEOUT');
  });
});
