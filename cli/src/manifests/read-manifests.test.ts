import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RynxsError, RynxsErrors } from '@rynxs/kernel';
import { expect } from 'chai';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';
import { parseManifests, readManifests } from './read-manifests.js';

const AGENT =
  'apiVersion: universe.ai/v1alpha1\nkind: Agent\nmetadata:\n  name: my-agent\nspec:\n  image: x\n';

describe('manifest files', () => {
  function mistakes(text: string): string[] {
    return parseManifests('a.yaml', text).invalid.map(({ message }) => message);
  }

  it('hold objects one after the other, in YAML or JSON', () => {
    const two = parseManifests('a.yaml', `${AGENT}---\n${AGENT.replace('my-agent', 'other')}---\n`);
    expect(two.found.map(({ object }) => object.metadata.name)).to.deep.equal(['my-agent', 'other']);
    const json = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}';
    expect(parseManifests('a.json', json).found[0]?.object.kind).to.equal('ConfigMap');
  });

  it('tell on which line a field stands', () => {
    const [, second] = parseManifests('a.yaml', `${AGENT}---\n${AGENT}`).found;
    expect(second?.lineOf(['spec', 'image'])).to.equal(13);
    expect(second?.lineOf(['spec', 'nothing', 0])).to.equal(13);
    expect(second?.lineOf([])).to.equal(8);
  });

  it('are refused with the line of a mistake in the syntax', () => {
    expect(mistakes(AGENT.replace('  image: x', '  image: [x'))[0]).to.match(/^a\.yaml:\d+: /);
  });

  it('are refused when an object does not say what it is', () => {
    expect(mistakes('kind: Agent\n')[0]).to.include('apiVersion: is required');
    expect(mistakes('apiVersion: v1\n')[0]).to.include('kind: is required');
    expect(mistakes('apiVersion: v1\nkind: Agent\nmetadata:\n  labels: {}\n')[0]).to.match(
      /^a\.yaml:4: metadata\.name/,
    );
    expect(mistakes('- a\n- b\n')[0]).to.include('is a mapping');
    expect(mistakes('# nothing\n')[0]).to.include('no object');
    expect(mistakes('')[0]).to.include('no object');
  });

  it('are refused when a name cannot be one', () => {
    expect(mistakes(AGENT.replace('my-agent', 'My_Agent'))[0]).to.match(
      /^a\.yaml:4: metadata\.name: "My_Agent"/,
    );
    expect(mistakes(AGENT.replace('my-agent', '12'))[0]).to.include('metadata.name');
  });

  it('are read from where the user is, and every mistake in any of them is told at once', async () => {
    using directory = new TemporaryDirectory();
    writeFileSync(join(directory.path, 'good.yaml'), AGENT);
    writeFileSync(join(directory.path, 'bad.yaml'), 'kind: Agent\n---\napiVersion: v1\n');
    mkdirSync(join(directory.path, 'folder'));
    expect(await readManifests(['good.yaml'], directory.path)).to.have.length(1);
    const error: RynxsErrors = await readManifests(
      ['bad.yaml', 'missing.yaml', 'folder', 'good.yaml'],
      directory.path,
    ).then(
      () => expect.fail('it was read'),
      (reason) => reason,
    );
    expect(error.errors.map(({ code }: RynxsError) => code)).to.deep.equal([
      'RYNXS_MANIFEST_INVALID',
      'RYNXS_MANIFEST_INVALID',
      'RYNXS_MANIFEST_UNREADABLE',
      'RYNXS_MANIFEST_UNREADABLE',
    ]);
    expect(error.message).to.include('there is no such file').and.include('it is a directory');
    expect(error.exitCode).to.equal(2);
  });
});
