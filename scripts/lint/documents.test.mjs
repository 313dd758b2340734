import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { checkMarkdownLinks } from './markdown-links.mjs';
import { checkPackageFiles } from './package-files.mjs';
import { checkUnfinished } from './unfinished.mjs';

describe('documents and package files', () => {
  let root;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'documents-'));
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  describe('Markdown links', () => {
    const check = (text) => {
      put('docs/page.md', text);
      put('docs/other.md', '# Other page\n## What it says: `x`, and why\n## Twice\n## Twice\n');
      return checkMarkdownLinks(root, ['docs/page.md']);
    };

    for (const link of [
      'other.md',
      'other.md#other-page',
      'other.md#what-it-says-x-and-why',
      'other.md#twice-1',
      './other.md "title"',
      '../docs',
      'https://example.org/x',
      'mailto:a@example.org',
    ]) {
      it(`accept ${link}`, () => expect(check(`[x](${link})`)).to.deep.equal([]));
    }

    for (const link of ['gone.md', 'other.md#gone', '#gone', 'other.md#twice-2', '../../outside.md']) {
      it(`refuse ${link}`, () =>
        expect(check(`[x](${link})`)).to.deep.equal([`docs/page.md: ${link} leads nowhere`]));
    }

    it('are not looked for in code', () => {
      expect(check('`[x](gone.md)`\n```\n[x](gone.md)\n```\n')).to.deep.equal([]);
    });
  });

  describe('package files', () => {
    const manifest = (name) => ({
      name,
      version: '1.0.0',
      description: 'A package',
      license: 'Apache-2.0',
      type: 'module',
      engines: { node: '>=22' },
      files: ['dist', '!dist/**/*.test.*', '!dist/.tsbuildinfo'],
      dependencies: { yaml: '2' },
    });
    const check = ({ one = {}, two = {}, lock = {}, explained = ['yaml'] } = {}) => {
      put('one/package.json', { ...manifest('@rynxs/one'), ...one });
      put('one/src/index.ts', '');
      put('two/src/index.ts', '');
      put('two/package.json', { ...manifest('@rynxs/two'), ...two });
      put('package-lock.json', { packages: { '': {}, 'node_modules/yaml': { version: '2.0.0', ...lock } } });
      put('docs/DEPENDENCIES.md', explained.map((name) => `| \`${name}\` | why | what |\n`).join(''));
      return checkPackageFiles(root, ['one', 'two']);
    };

    it('are accepted when they agree', () => expect(check()).to.deep.equal([]));

    it('must have the same engines', () => {
      expect(check({ two: { engines: { node: '>=18' } } })).to.deep.equal([
        'two/package.json: engines differs from one/package.json',
      ]);
    });

    it('must have a licence', () => {
      expect(check({ one: { license: undefined }, two: { license: undefined } })).to.deep.equal([
        'one/package.json: no license',
        'two/package.json: no license',
      ]);
    });

    it('must publish what was built, without its tests', () => {
      expect(check({ two: { files: ['dist', '!dist/.tsbuildinfo'] } })).to.deep.equal([
        'two/package.json: files lacks !dist/**/*.test.*',
      ]);
    });

    it('must not publish what only tests use', () => {
      put('one/src/deep/testing/harness.ts', '');
      expect(check()).to.deep.equal(['one/package.json: files lacks !dist/**/testing']);
    });

    it('must depend on each other in the same version', () => {
      expect(check({ two: { dependencies: { yaml: '2', '@rynxs/one': '0.9.0' } } })).to.deep.equal([
        'two/package.json: @rynxs/one is 0.9.0, not 1.0.0',
      ]);
    });

    it('must have their dependencies explained, and no others', () => {
      expect(check({ explained: ['left-pad'] })).to.deep.equal([
        'docs/DEPENDENCIES.md: nothing on yaml',
        'docs/DEPENDENCIES.md: left-pad is no dependency',
      ]);
    });

    it('must not be locked to the address of a registry', () => {
      expect(check({ lock: { resolved: 'https://registry.example.org/yaml.tgz' } })).to.deep.equal([
        'package-lock.json: node_modules/yaml names an address',
      ]);
    });
  });

  describe('marks of unfinished work', () => {
    const check = (text) => {
      put('a.ts', text);
      return checkUnfinished(root, ['a.ts']);
    };

    for (const [text, meaning] of [
      [['// TO', 'DO: more'].join(''), 'work that is not done'],
      [['describe.on', "ly('x')"].join(''), 'a test that hides the others'],
      [['// @ts-', 'ignore'].join(''), 'a check that is switched off'],
    ]) {
      it(`include ${text}`, () =>
        expect(check(`const a = 1;\n${text}\n`)).to.deep.equal([`a.ts:2: ${meaning}`]));
    }

    it('do not include ordinary words', () => {
      expect(check('// The todo list of the agent; only the leader writes.\n')).to.deep.equal([]);
    });
  });

  function put(name, content) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
});
