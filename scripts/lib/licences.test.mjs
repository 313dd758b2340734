import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { checkLicences, licencesDocument, productionPackages } from './licences.mjs';

describe('licences of what comes with Rynxs', () => {
  let root;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'licences-'));
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const lock = (packages) => writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages }));
  const violations = (license) => {
    lock({ 'node_modules/a': { version: '1.0.0', license } });
    return checkLicences(root).length;
  };

  it('are those of packages that are not for development alone, each version once', () => {
    lock({
      '': { name: 'root' },
      log: { version: '0.1.0' },
      'node_modules/@rynxs/log': { link: true },
      'node_modules/b': { version: '1.0.0', license: 'MIT' },
      'node_modules/a/node_modules/b': { version: '1.0.0', license: 'MIT' },
      'node_modules/a/node_modules/@c/d': { version: '2.0.0', license: 'ISC' },
      'node_modules/mocha': { version: '12.0.0', license: 'MIT', dev: true },
      'node_modules/chai': { version: '6.0.0', license: 'MIT', devOptional: true },
    });
    expect(productionPackages(root)).to.deep.equal([
      { name: '@c/d', version: '2.0.0', licence: 'ISC' },
      { name: 'b', version: '1.0.0', licence: 'MIT' },
    ]);
    expect(licencesDocument(root)).to.include('| `@c/d` | 2.0.0 | ISC |').and.to.include('| MIT | 1 |');
  });

  for (const licence of ['MIT', '(MIT OR GPL-3.0)', 'MIT AND ISC']) {
    it(`may be ${licence}`, () => expect(violations(licence)).to.equal(0));
  }

  for (const licence of [
    undefined,
    'GPL-3.0',
    'AGPL-3.0-only',
    'MIT AND LGPL-2.1',
    'SEE LICENSE IN x',
    'UNLICENSED',
  ]) {
    it(`may not be ${licence}`, () => expect(violations(licence)).to.equal(1));
  }
});
