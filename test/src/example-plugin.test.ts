import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createKernel, type EventStore, type Kernel, startOperator } from '@rynxs/kernel';
import { ChainVerifier } from '@rynxs/log';
import { expect } from 'chai';
import { bringOutside, example, type Outside, root, run } from './example-plugin.js';

interface MochaReport {
  readonly stats: { readonly passes: number; readonly failures: number };
  readonly pending: readonly { readonly title: string }[];
}

/** What a plugin's author may rely on. */
const PUBLIC = ['@rynxs/kernel', '@rynxs/log'];
const FOR_TESTS = ['@rynxs/kernel/testing', 'chai', 'rynxs-store-sqlite'];

describe('examples/plugins/store-sqlite', () => {
  let outside: Outside;
  before(async function () {
    this.timeout(60_000);
    outside = await bringOutside();
  });
  after(() => rm(outside.directory, { recursive: true }));

  it('has commands for whoever works on it that are its scripts, which are run here', async () => {
    const page = 'examples/plugins/store-sqlite/README.md';
    const shown = [
      ...(await readFile(join(root, page), 'utf8')).matchAll(/^\$ npm (?:run )?(\w+)(?=\s|$)/gm),
    ];
    const { scripts } = JSON.parse(await readFile(join(example, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(new Set(shown.map(([, name]) => name))).to.deep.equal(
      new Set(['install', ...Object.keys(scripts)]),
    );
  });

  it('passes the suite and its own tests', async function () {
    this.timeout(120_000);
    const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
    const { stdout } = await run(process.execPath, [mocha, '--reporter', 'json', 'test/*.test.js'], {
      cwd: outside.author,
      maxBuffer: 64 * 1_048_576,
    });
    const { stats, pending } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as MochaReport;
    expect(stats.failures).to.equal(0);
    expect(stats.passes).to.be.above(60);
    for (const { title } of pending) expect(title, 'a case that was left out').to.include(' (where ');
  });

  it('is typed as the public declarations say', async function () {
    this.timeout(120_000);
    const tsc = join(root, 'node_modules/.bin/tsc');
    const { stdout } = await run(tsc, ['--project', outside.author]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).to.equal('');
  });

  it("lives by Rynxs' public packages", async () => {
    for (const [folder, allowed] of [
      ['src', PUBLIC],
      ['test', [...PUBLIC, ...FOR_TESTS]],
    ] as const) {
      for (const file of await readdir(join(example, folder))) {
        const code = await readFile(join(example, folder, file), 'utf8');
        const imported = [...code.matchAll(/(?:from |import\()'([^']+)'/g)].map(([, name = '']) => name);
        const foreign = imported.filter((name) => !/^(node:|\.\/)/.test(name) && !allowed.includes(name));
        expect(foreign, `${folder}/${file}`).to.deep.equal([]);
      }
    }
  });

  it('is for the versions that are here', async () => {
    const { peerDependencies, license } = await packageJson(example);
    for (const [name, folder] of [
      ['@rynxs/kernel', 'kernel'],
      ['@rynxs/log', 'log'],
    ] as const) {
      const { version } = await packageJson(join(root, folder));
      expect(peerDependencies?.[name]).to.equal(`^${version}`);
    }
    expect(license).to.equal((await packageJson(root)).license);
  });

  it('is published without its tests', async () => {
    const published = await readdir(join(outside.user, 'node_modules/rynxs-store-sqlite'));
    expect(published.sort()).to.deep.equal(['README.md', 'package.json', 'src']);
  });

  it('keeps the log of an operator that starts and stops', async function () {
    this.timeout(60_000);
    const file = join(outside.directory, 'log.db');
    await startAndStop(await operatorKernel(outside.user, file));
    const entry = join(outside.user, 'node_modules/rynxs-store-sqlite/src/index.js');
    const { SqliteEventStore } = (await import(pathToFileURL(entry).href)) as {
      SqliteEventStore: new (config: { file: string; busyTimeout: number }) => EventStore;
    };
    const store = new SqliteEventStore({ file, busyTimeout: 1_000 });
    const types: string[] = [];
    const verifier = new ChainVerifier({ onRecord: ({ event }) => types.push(event.type) });
    for await (const chunk of store.read(0, new AbortController().signal)) verifier.push(chunk);
    const { epochs, epochEnded } = verifier.finish();
    await store.close();
    expect({ epochs, epochEnded }).to.deep.equal({ epochs: 1, epochEnded: true });
    expect(types).to.include('EpochStarted').and.to.include('EpochEnded');
  });
});

async function packageJson(
  folder: string,
): Promise<{ version: string; license: string; peerDependencies?: Record<string, string> }> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
}

/** An operator of somebody who has installed the plugin in `directory`. */
async function operatorKernel(directory: string, file: string): Promise<Kernel> {
  const env = {
    RYNXS_PLUGINS: 'rynxs-store-sqlite',
    EVENT_STORE_TYPE: 'sqlite',
    SQLITE_FILE: file,
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
  return createKernel({ plugins, env, directory });
}

async function startAndStop(kernel: Kernel): Promise<void> {
  const { signal } = new AbortController();
  await kernel.start(signal);
  try {
    const sqlite = kernel.describe().find(({ id }) => id === 'store-sqlite');
    expect(sqlite?.origin).to.deep.include({ kind: 'package', version: '1.0.0' });
    const operator = await startOperator(kernel, { signal });
    await operator.stop();
  } finally {
    await kernel.stop();
  }
}
