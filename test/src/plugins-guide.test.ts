import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createKernel, type EventStore, startOperator } from '@rynxs/kernel';
import { expect } from 'chai';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** The code blocks of a page that say which file they are. */
async function filesOf(page: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(join(root, page), 'utf8');
  return new Map(
    [...text.matchAll(/^```\w+ title=(\S+)\n([\s\S]*?)^```$/gm)].map(([, name = '', code = '']) => [
      name,
      code,
    ]),
  );
}

describe('docs/PLUGINS.md', () => {
  let directory: string;
  let plugin: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rynxs-guide-'));
    plugin = join(directory, 'rynxs-store-sqlite');
    // What `npm install --save-dev @rynxs/kernel mocha chai` would put there.
    await mkdir(join(plugin, 'node_modules', '@rynxs'), { recursive: true });
    await symlink(join(root, 'kernel'), join(plugin, 'node_modules', '@rynxs', 'kernel'));
    for (const [name, code] of await filesOf('docs/PLUGINS.md')) await writeFile(join(plugin, name), code);
  });
  after(() => rm(directory, { recursive: true }));

  it('shows every file of the plugin', async () => {
    expect([...(await filesOf('docs/PLUGINS.md')).keys()]).to.deep.equal([
      'package.json',
      'index.js',
      'index.test.js',
    ]);
  });

  it('builds a store that passes the suite', async function () {
    this.timeout(60_000);
    const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');
    const { stdout } = await run(process.execPath, [mocha, '--reporter', 'json', 'index.test.js'], {
      cwd: plugin,
    });
    const { stats } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
      stats: { passes: number; failures: number };
    };
    expect(stats.failures).to.equal(0);
    expect(stats.passes).to.be.above(25);
  });

  it('builds a plugin that an operator runs with, loaded by path', async () => {
    const { signal } = new AbortController();
    const env = {
      RYNXS_PLUGINS: './rynxs-store-sqlite',
      EVENT_STORE_TYPE: 'sqlite',
      SQLITE_FILE: join(directory, 'log.db'),
      CLUSTER_TYPE: 'embedded',
      EMBEDDED_CLUSTER_PORT: '0',
      EMBEDDED_CLUSTER_NODE: 'false',
      TELEMETRY_TYPE: 'none',
      LOG_LEVEL: 'error',
    };
    const plugins = ['cluster-kubernetes', 'dev-cluster', 'agent-sandbox'].map((name) => ({
      package: `@rynxs/${name}`,
      from: import.meta.url,
    }));
    const kernel = await createKernel({ plugins, env, directory });
    await kernel.start(signal);
    try {
      const operator = await startOperator(kernel, { signal });
      await operator.stop();
    } finally {
      await kernel.stop();
    }
    const sqlite = kernel.describe().find(({ id }) => id === 'store-sqlite');
    expect(sqlite?.origin).to.deep.include({ kind: 'path', version: '1.0.0' });

    const { SqliteEventStore } = (await import(join(plugin, 'index.js'))) as {
      SqliteEventStore: new (config: { file: string }) => EventStore;
    };
    const store = new SqliteEventStore({ file: env.SQLITE_FILE });
    let text = '';
    for await (const chunk of store.read(0, signal)) text += Buffer.from(chunk).toString();
    await store.close();
    expect(text).to.include('"type":"EpochStarted"').and.to.include('"type":"EpochEnded"');
  });
});
