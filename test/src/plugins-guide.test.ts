import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { bringOutside, example, type Outside, root, run } from './example-plugin.js';

interface Block {
  readonly title: string;
  readonly code: string;
}

/** The code blocks of the page that say what they are. */
async function blocks(): Promise<readonly Block[]> {
  const text = await readFile(join(root, 'docs/PLUGINS.md'), 'utf8');
  return [...text.matchAll(/^```\w+ title=(\S+)\n([\s\S]*?)^```$/gm)].map(([, title = '', code = '']) => ({
    title,
    code,
  }));
}

async function commands(title: string): Promise<readonly string[]> {
  const code = (await blocks()).find((block) => block.title === title)?.code ?? '';
  return [...code.matchAll(/^\$ (.+)$/gm)].map(([, command = '']) => command);
}

describe('docs/PLUGINS.md', () => {
  it('shows what stands in the files of the example', async () => {
    const shown = (await blocks()).filter(({ title }) => /\.js(on)?$/.test(title));
    expect(new Set(shown.map(({ title }) => title))).to.deep.equal(
      new Set([
        'package.json',
        'src/index.js',
        'src/settings.js',
        'src/sqlite-event-store.js',
        'src/database.js',
        'src/errors.js',
        'test/suite.test.js',
        'test/harness.js',
        'test/plugin.test.js',
      ]),
    );
    for (const { title, code } of shown) {
      const file = await readFile(join(example, title), 'utf8');
      expect(
        `\n${file}`.includes(`\n${code}`),
        `whether ${title} has what the page shows:\n${code}`,
      ).to.equal(true);
    }
  });

  it('shows files from their first line to their last where it says nothing else', async () => {
    for (const title of ['package.json', 'src/index.js', 'src/settings.js', 'test/suite.test.js']) {
      const block = (await blocks()).find((candidate) => candidate.title === title);
      expect(block?.code, title).to.equal(await readFile(join(example, title), 'utf8'));
    }
  });

  it('names every method of the contract', async () => {
    const [text, contract] = await Promise.all(
      ['docs/PLUGINS.md', 'kernel/src/contracts/event-store.ts'].map((path) =>
        readFile(join(root, path), 'utf8'),
      ),
    );
    const store = contract?.slice(contract.indexOf('export interface EventStore {')) ?? '';
    const members = [...store.matchAll(/^ {2}(?:readonly )?(\w+)(\??)[(:]/gm)];
    expect(members.length).to.be.at.least(12);
    for (const [, member = '', optional] of members) {
      const row = text?.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${member}\``));
      expect(row, `the row of ${member}`).to.be.a('string');
      expect(row?.includes('(optional)'), `whether ${member} is optional`).to.equal(optional === '?');
    }
  });

  it('names every part of a harness', async () => {
    const path = join(root, 'kernel/src/testing/event-store-suite/harness.ts');
    const source = await readFile(path, 'utf8');
    const text = await readFile(join(root, 'docs/PLUGINS.md'), 'utf8');
    const from = source.indexOf('export interface EventStoreHarness');
    const harness = source.slice(from, source.indexOf('\n}', from));
    const members = [...harness.matchAll(/^ {2}(?:readonly )?(\w+)(\??)[(:]/gm)];
    expect(members.length).to.be.at.least(6);
    for (const [, member = '', optional] of members) {
      expect(text).to.include(`| \`${member}\`${optional === '?' ? ' (optional)' : ''} |`);
    }
  });

  describe('its commands', () => {
    let outside: Outside;
    before(async function () {
      this.timeout(60_000);
      outside = await bringOutside();
    });
    after(() => rm(outside.directory, { recursive: true }));

    it('show that the plugin is used, by name and by path', async function () {
      this.timeout(60_000);
      const listing = (await commands('use')).filter((command) => command.endsWith(' rynxs plugins'));
      expect(listing).to.have.length(2);
      for (const command of listing) {
        const words = command.split(' ');
        const env = Object.fromEntries(
          words.filter((word) => word.includes('=')).map((word) => word.split('=')),
        );
        const cwd = env.RYNXS_PLUGINS?.startsWith('.') ? outside.directory : outside.user;
        const { stdout } = await run(process.execPath, [join(root, 'cli/bin/rynxs.js'), 'plugins'], {
          cwd,
          env: { PATH: process.env.PATH, ...env },
        });
        expect(stdout, command).to.match(/^store-sqlite +\S+@1\.0\.0 +EVENT_STORE +sqlite +yes/m);
      }
    });

    it('are scripts of the example', async () => {
      const { scripts } = JSON.parse(await readFile(join(example, 'package.json'), 'utf8')) as {
        scripts: Record<string, string>;
      };
      expect(await commands('checks')).to.deep.equal(['npm test', 'npm run check']);
      expect(scripts).to.deep.equal({ test: 'mocha "test/*.test.js"', check: 'tsc' });
    });
  });
});
