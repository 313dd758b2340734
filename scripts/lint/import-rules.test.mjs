import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { checkImports, RULE_NAMES } from './import-rules.mjs';

const PACKAGES = ['log', 'kernel', 'plugins/store-a', 'plugins/store-b', 'cli', 'test'];

/** A workspace that keeps every rule: the smallest one in which each rule has something to look at. */
const GOOD = {
  'package.json': {
    name: 'workspace',
    workspaces: ['log', 'kernel', 'plugins/*', 'cli'],
    devDependencies: { chai: '6' },
  },
  'log/package.json': manifest('@rynxs/log', []),
  'log/src/index.ts': "import { hash } from 'node:crypto';\nexport { hash };\nexport const first = '0';\n",
  'kernel/package.json': manifest('@rynxs/kernel', ['@rynxs/log', 'tsyringe']),
  'kernel/src/index.ts':
    "import * as log from '@rynxs/log';\nexport { di } from './di/container.js';\nexport { log };\n",
  'kernel/src/di/container.ts': "import * as di from 'tsyringe';\nexport { di };\n",
  'kernel/src/testing/index.ts': "import { log } from '../index.js';\nexport { log };\n",
  'plugins/store-a/package.json': manifest('@rynxs/store-a', ['@rynxs/kernel', 'driver']),
  'plugins/store-a/src/index.ts':
    "import { log } from '@rynxs/kernel';\nimport * as driver from 'driver';\nexport { driver, log };\n",
  'plugins/store-a/src/index.test.ts':
    "import { expect } from 'chai';\nimport { log } from '@rynxs/kernel/testing';\nexpect(log);\n",
  'plugins/store-a/src/testing/harness.ts':
    "import { expect } from 'chai';\nimport { log } from '@rynxs/kernel/testing';\nexport { expect, log };\n",
  'plugins/store-b/package.json': manifest('@rynxs/store-b', ['@rynxs/kernel']),
  'plugins/store-b/src/index.ts': 'export const b = 1;\n',
  'cli/package.json': manifest('rynxs', ['@rynxs/kernel', '@rynxs/store-a', '@rynxs/store-b']),
  'cli/src/main.ts':
    "import * as a from '@rynxs/store-a';\nimport * as b from '@rynxs/store-b';\nexport { a, b };\n",
  'test/src/all.test.ts':
    "import * as a from '@rynxs/store-a';\nimport { expect } from 'chai';\nexpect(a);\n",
  'node_modules/driver/package.json': { name: 'driver', version: '1.0.0', main: 'index.js' },
  'node_modules/driver/index.js': '',
  'node_modules/tsyringe/package.json': { name: 'tsyringe', version: '1.0.0', main: 'index.js' },
  'node_modules/tsyringe/index.js': '',
  'node_modules/chai/package.json': { name: 'chai', version: '6.0.0', main: 'index.js' },
  'node_modules/chai/index.js': '',
};

/** One change to the good workspace for each rule, which breaks it. */
const VIOLATIONS = {
  'log-imports-nothing': { 'log/src/files.ts': "import fs from 'node:fs';\nexport { fs };\n" },
  'kernel-imports-only-log': { 'kernel/src/main.ts': "import '@rynxs/store-a';\n" },
  'plugins-import-no-other-plugin': { 'plugins/store-a/src/b.ts': "import '@rynxs/store-b';\n" },
  'plugins-import-no-command': { 'plugins/store-a/src/main.ts': "import 'rynxs';\n" },
  'packages-meet-at-entry-points': { 'cli/src/deep.ts': "import '../../kernel/dist/di/container.js';\n" },
  'only-di-knows-tsyringe': { 'kernel/src/host.ts': "import 'tsyringe';\n" },
  'dependencies-are-declared': { 'plugins/store-b/src/driver.ts': "import 'driver';\n" },
  'imports-exist': { 'cli/src/gone.ts': "import './nowhere.js';\n" },
  'no-cycles': {
    'cli/src/here.ts': "import { there } from './there.js';\nexport const here = () => there;\n",
    'cli/src/there.ts': "import { here } from './here.js';\nexport const there = () => here;\n",
  },
  'no-test-code-in-products': { 'plugins/store-a/src/kit.ts': "import '@rynxs/kernel/testing';\n" },
  'all-modules-were-seen': { 'plugins/store-a/src/unbuilt.ts': undefined },
  'type-imports-are-declared': {
    'plugins/store-a/src/types.ts': "import type { b } from '@rynxs/store-b';\nexport type B = typeof b;\n",
    'plugins/store-a/dist/types.js': 'export {};\n',
  },
  'internal-dependencies-are-allowed': {
    'plugins/store-b/package.json': manifest('@rynxs/store-b', ['@rynxs/kernel', '@rynxs/store-a']),
  },
};

describe('import rules', () => {
  let root;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'import-rules-'));
    write(GOOD);
    for (const [name, folder] of [
      ['@rynxs/log', 'log'],
      ['@rynxs/kernel', 'kernel'],
      ['@rynxs/store-a', 'plugins/store-a'],
      ['@rynxs/store-b', 'plugins/store-b'],
      ['rynxs', 'cli'],
    ]) {
      mkdirSync(join(root, 'node_modules', dirname(name)), { recursive: true });
      symlinkSync(join(root, folder), join(root, 'node_modules', name));
    }
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('find nothing in a workspace that keeps them', async () => {
    expect(await checkImports(root, PACKAGES)).to.deep.equal([]);
  });

  it('have a violation each in this test', () => {
    expect(Object.keys(VIOLATIONS)).to.have.members(RULE_NAMES);
  });

  for (const [rule, files] of Object.entries(VIOLATIONS)) {
    it(`find a violation of ${rule}`, async () => {
      write(files);

      const violations = await checkImports(root, PACKAGES);

      expect(violations.map((text) => text.split(':')[0])).to.include(rule);
    });
  }

  it('find that nothing was compiled', async () => {
    rmSync(join(root, 'kernel/dist'), { recursive: true });

    expect(await checkImports(root, PACKAGES)).to.include(
      'all-modules-were-seen: kernel/dist/index.js was not',
    );
  });

  /** Writes files; a source is also its own compiled module, unless it is undefined: then it was not compiled. */
  function write(files) {
    for (const [name, content] of Object.entries(files)) {
      const text = typeof content === 'object' ? JSON.stringify(content) : (content ?? 'export {};\n');
      put(name, text);
      if (content !== undefined && name.endsWith('.ts')) {
        put(name.replace('/src/', '/dist/').replace(/\.ts$/, '.js'), text);
      }
    }
  }

  function put(name, text) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
});

function manifest(name, dependencies) {
  return {
    name,
    version: '1.0.0',
    type: 'module',
    exports: {
      '.': `./dist/${name === 'rynxs' ? 'main' : 'index'}.js`,
      './testing': './dist/testing/index.js',
    },
    dependencies: Object.fromEntries(dependencies.map((dependency) => [dependency, '1.0.0'])),
  };
}
