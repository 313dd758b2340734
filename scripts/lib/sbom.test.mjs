import { expect } from 'chai';
import { imageSbom, sbomDifferences } from './sbom.mjs';

const IMAGE = { version: '0.1.0', node: '24.21.0', seconds: 1_700_000_000 };

/** What npm prints of a workspace with one package that has one dependency. */
const printed = (changes = {}) => ({
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  serialNumber: 'urn:uuid:00000000-0000-4000-8000-000000000000',
  version: 1,
  metadata: { timestamp: '2026-01-01T00:00:00.000Z', component: { 'bom-ref': 'workspace@0.1.0' } },
  components: [component('rynxs', '0.1.0'), component('yaml', '2.9.1')],
  dependencies: [
    { ref: 'workspace@0.1.0', dependsOn: ['rynxs@0.1.0'] },
    { ref: 'rynxs@0.1.0', dependsOn: ['yaml@2.9.1'] },
    { ref: 'yaml@2.9.1', dependsOn: [] },
  ],
  ...changes,
});
const component = (name, version) => ({
  'bom-ref': `${name}@${version}`,
  type: 'library',
  name,
  version,
  purl: `pkg:npm/${name}@${version}`,
  externalReferences: [
    { type: 'distribution', url: 'https://registry.example.com/package.tgz' },
    { type: 'vcs', url: 'https://git.example.com/package' },
  ],
});

describe("the image's bill of materials", () => {
  it('is of the image, and not of the workspace', () => {
    const { metadata, dependencies } = imageSbom(printed(), IMAGE);
    expect(metadata.component).to.include({ type: 'container', name: 'ghcr.io/rynxs/operator' });
    expect(dependencies[0]).to.deep.equal({
      ref: 'operator@0.1.0',
      dependsOn: ['rynxs@0.1.0', 'node@24.21.0-runtime'],
    });
    expect(JSON.stringify(dependencies)).to.not.include('workspace');
  });

  it('has Node.js, by the name that its vulnerabilities are known by', () => {
    const node = imageSbom(printed(), IMAGE).components.find(({ name }) => name === 'node');
    expect(node).to.include({
      version: '24.21.0',
      cpe: 'cpe:2.3:a:nodejs:node.js:24.21.0:*:*:*:*:*:*:*',
    });
  });

  it('says nothing of where packages were downloaded', () => {
    expect(JSON.stringify(imageSbom(printed(), IMAGE))).to.not.include('registry.example.com');
    expect(JSON.stringify(imageSbom(printed(), IMAGE))).to.include('git.example.com');
  });

  it('names packages of the workspace as they are installed, and not by their folders', () => {
    const folder = { ...component('@rynxs/kernel', '0.1.0'), name: 'kernel' };
    const { components } = imageSbom(printed({ components: [folder] }), IMAGE);
    expect(components[0]).to.include({ 'bom-ref': '@rynxs/kernel@0.1.0', name: '@rynxs/kernel' });
  });

  it('is the same for the same packages, and another for others', () => {
    const other = printed({ serialNumber: 'urn:uuid:11111111-1111-4111-8111-111111111111' });
    expect(imageSbom(other, IMAGE)).to.deep.equal(imageSbom(printed(), IMAGE));
    const fewer = printed({ components: [component('rynxs', '0.1.0')] });
    expect(imageSbom(fewer, IMAGE).serialNumber).to.not.equal(imageSbom(printed(), IMAGE).serialNumber);
  });

  it('has the time of the sources, and not of the build', () => {
    expect(imageSbom(printed(), IMAGE).metadata.timestamp).to.equal('2023-11-14T22:13:20.000Z');
  });

  it('is compared with what is in the image, both ways', () => {
    const sbom = imageSbom(printed(), IMAGE);
    const rynxs = { name: 'rynxs', version: '0.1.0' };
    expect(sbomDifferences(sbom, [rynxs, { name: 'yaml', version: '2.9.1' }])).to.deep.equal([]);
    expect(sbomDifferences(sbom, [rynxs, { name: 'yaml', version: '2.0.0' }])).to.deep.equal([
      'yaml@2.0.0 is in the image alone',
      'yaml@2.9.1 is in the SBOM alone',
    ]);
  });
});
