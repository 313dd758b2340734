import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { checkPurity } from './purity.mjs';

const IMPURE = {
  'the clock': 'export const f = () => Date.now();',
  'the clock, by a constructor': 'export const f = () => new Date().toISOString();',
  'the clock, by another name': 'const { now } = Date;\nexport const f = () => now();',
  'a timer': 'export const f = () => setTimeout(() => {}, 1);',
  'the time since start': 'export const f = () => performance.now();',
  randomness: 'export const f = () => Math.random();',
  'randomness, by a computed name': "const name = 'rand' + 'om';\nexport const f = () => Math[name]();",
  'randomness of Node': "import { randomUUID } from 'node:crypto';\nexport const f = () => randomUUID();",
  'randomness of the web': 'export const f = () => crypto.randomUUID();',
  'the environment': 'export const f = () => process.env.HOME;',
  'the environment, by the global object': 'export const f = () => globalThis.process.env.HOME;',
  files: "import { readFileSync } from 'node:fs';\nexport const f = () => readFileSync('/etc/hostname');",
  'the network': "export const f = () => fetch('http://127.0.0.1');",
  'the locale': 'export const f = (a, b) => a.localeCompare(b);',
  'the time zone': 'export const f = (ts) => new Date(ts).getHours();',
  'a module loaded at run time': "export const f = () => import('node:fs');",
  'waiting for something': 'export const f = async () => 1;',
  'an impure module': "import { now } from './clock.js';\nexport const f = () => now();",
  'an impure function of another package':
    "import { systemNow } from '@rynxs/kernel';\nexport const f = () => systemNow();",
};

const PURE = {
  'times that it is given': 'export const f = (ts) => new Date(Date.parse(ts) + 1000).toISOString();',
  hashing: "import { hash } from 'node:crypto';\nexport const f = (text) => hash('sha256', text);",
  'a parameter that is named like a global': 'export const f = (process) => process.name;',
  'a property that is named like a global': 'export const f = (object) => ({ fetch: object.console });',
  'a pure module': "import { twice } from './twice.js';\nexport const f = (x) => twice(x);",
  'a pure function of another package':
    "import { digest } from '@rynxs/kernel';\nexport const f = (x) => digest(x);",
};

describe('purity', () => {
  let root;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'purity-'));
    put('twice.js', 'export const twice = (x) => 2 * x;');
    put('clock.js', 'export const now = () => Date.now();');
    put(
      'node_modules/@rynxs/kernel/dist/index.js',
      "export * from './pure.js';\nexport { systemNow } from './impure.js';",
    );
    put('node_modules/@rynxs/kernel/dist/pure.js', 'export function digest(x) {\n  return x;\n}');
    put('node_modules/@rynxs/kernel/dist/impure.js', 'export const systemNow = () => Date.now();');
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  for (const [what, source] of Object.entries(IMPURE)) {
    it(`forbids ${what}`, () => {
      put('module.js', source);

      expect(checkPurity(root, ['module.js'])).to.have.lengthOf(1);
    });
  }

  for (const [what, source] of Object.entries(PURE)) {
    it(`allows ${what}`, () => {
      put('module.js', source);

      expect(checkPurity(root, ['module.js'])).to.deep.equal([]);
    });
  }

  it('names the place', () => {
    put('module.js', 'export const f = () =>\n  Date.now();');

    expect(checkPurity(root, ['module.js'])).to.deep.equal(['module.js:2: uses Date without a given time']);
  });

  it('finds that a module is gone', () => {
    expect(checkPurity(root, ['gone.js'])).to.deep.equal(['gone.js: no such module']);
  });

  function put(name, text) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
});
