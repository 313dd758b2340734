import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { checkMarkdownLinks } from './markdown-links.mjs';
import { checkPackageFiles } from './package-files.mjs';
import { checkUnfinished } from './unfinished.mjs';
import { checkVersions } from './versions.mjs';

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

    const published = (path) => {
      put('docs/other.md', '# Other page\n');
      put('alerts.yaml', `runbook_url: "https://github.com/rynxs/rynxs-agentos/blob/main/${path}"\n`);
      return checkMarkdownLinks(root, ['alerts.yaml']);
    };

    it('may be addresses in this repository, in any file', () => {
      expect(published('docs/other.md#other-page')).to.deep.equal([]);
    });

    for (const path of ['docs/gone.md', 'docs/other.md#gone']) {
      it(`may not be the address of ${path}`, () => {
        expect(published(path)).to.deep.equal([
          `alerts.yaml: https://github.com/rynxs/rynxs-agentos/blob/main/${path} leads nowhere`,
        ]);
      });
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
      files: ['dist', '!dist/**/*.map', '!dist/**/*.test.*', '!dist/.tsbuildinfo'],
      repository: {
        url: 'git+https://github.com/rynxs/rynxs-agentos.git',
        directory: name.replace('@rynxs/', ''),
      },
      dependencies: { yaml: '2' },
    });
    const check = ({ one = {}, two = {}, lock = {}, explained = ['yaml'], licence = 'the terms' } = {}) => {
      put('one/package.json', { ...manifest('@rynxs/one'), ...one });
      for (const folder of ['one', 'two']) {
        put(`${folder}/src/index.ts`, '');
        put(`${folder}/README.md`, '# A package');
        put(`${folder}/LICENSE`, licence);
      }
      put('LICENSE', 'the terms');
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
      expect(check({ two: { files: ['dist', '!dist/**/*.map', '!dist/.tsbuildinfo'] } })).to.deep.equal([
        'two/package.json: files lacks !dist/**/*.test.*',
      ]);
    });

    it('must not publish what only tests use', () => {
      put('one/src/deep/testing/harness.ts', '');
      expect(check()).to.deep.equal(['one/package.json: files lacks !dist/**/testing']);
    });

    it('must say where their sources are', () => {
      expect(check({ two: { repository: undefined } })).to.deep.equal([
        'two/package.json: repository is not git+https://github.com/rynxs/rynxs-agentos.git with the directory two',
      ]);
    });

    it('must have the terms of the repository beside them', () => {
      expect(check({ licence: 'other terms' })).to.deep.equal([
        'one: LICENSE is not that of the repository',
        'two: LICENSE is not that of the repository',
      ]);
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

  describe('versions', () => {
    const check = ({
      chart = '1.0.0',
      app = 'v1.0.0',
      changes = 'Unreleased',
      notes = '1.0.0',
      text = '',
    } = {}) => {
      put('package.json', { version: '1.0.0' });
      put('helm/rynxs/Chart.yaml', `version: ${chart}\nappVersion: ${app}\n`);
      put('CHANGELOG.md', `# Changelog\n\n## ${changes}\n\n## 0.9.0\n`);
      put('docs/RELEASE_NOTES.md', `# Release notes\n\n## ${notes} (not released yet)\n`);
      put('docs/page.md', text);
      return checkVersions(root, ['docs/page.md']);
    };

    it('agree', () => {
      expect(check({ text: 'ghcr.io/rynxs/operator:v1.0.0, as ghcr.io/rynxs/operator' })).to.deep.equal([]);
      expect(check({ changes: '1.0.0 (2026-11-22)' })).to.deep.equal([]);
    });

    for (const [what, violation] of [
      [{ chart: '1.0.1' }, 'helm/rynxs/Chart.yaml: version is 1.0.1, not 1.0.0'],
      [{ app: '1.0.0' }, 'helm/rynxs/Chart.yaml: appVersion is 1.0.0, not v1.0.0'],
      [{ changes: '0.9.0' }, 'CHANGELOG.md: begins with 0.9.0, neither Unreleased nor 1.0.0'],
      [{ notes: '0.9.0' }, 'docs/RELEASE_NOTES.md: begins with 0.9.0, not 1.0.0'],
      [
        { text: 'ghcr.io/rynxs/operator:v0.9.0' },
        'docs/page.md: ghcr.io/rynxs/operator:v0.9.0 is not of version 1.0.0',
      ],
    ]) {
      it(`do not, and are named: ${violation}`, () => expect(check(what)).to.deep.equal([violation]));
    }
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
