import { expect } from 'chai';
import type { Manifest } from '../contracts/reconciler.js';
import { CONFIG_MAP } from '../testing/widget-reconciler.js';
import { scrub } from './scrub.js';

describe('scrub', () => {
  it('takes out values that an API server quotes', () => {
    expect(scrub('spec.x: Invalid value: "hunter2": must be so; y: Unsupported value: abc: no')).to.equal(
      'spec.x: Invalid value: <value>: must be so; y: Unsupported value: <value>: no',
    );
  });

  it('takes out literal values of the manifest, wherever they stand', () => {
    const object = {
      metadata: { name: 'a' },
      spec: { containers: [{ env: [{ name: 'MODE', value: 's3cret' }] }] },
      data: { file: 'inner text' },
    };
    const manifest: Manifest = { resource: CONFIG_MAP, object };
    expect(scrub('bad s3cret and inner text in containers', manifest)).to.equal(
      'bad <value> and <value> in containers',
    );
  });

  it('keeps at most 512 bytes and cuts no character in two', () => {
    const cut = scrub('é'.repeat(600));
    expect(Buffer.byteLength(cut)).to.be.at.most(512);
    expect(cut).to.match(/^é+…$/);
  });
});
