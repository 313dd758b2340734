import { expect } from 'chai';
import { COMMON_USAGE, number, readArguments, someOf, wholeNumber } from './arguments.mjs';
import { Precondition } from './errors.mjs';
import { imagesOf, merged } from './installation.mjs';

const OWN = {
  agents: { default: '20', read: wholeNumber(1, 100) },
  'most-requests': { default: '2.5', read: number(1, 9) },
  faults: { default: 'a,b', read: someOf(['a', 'b']) },
  busy: { default: false },
};

describe('arguments of the scripts for a cluster', () => {
  it('have defaults', () => {
    expect(readArguments([], OWN)).to.deep.include({
      ...{ agents: 20, mostRequests: 2.5, faults: ['a', 'b'], busy: false },
      ...{ agentImage: 'python:3.11-slim', timeoutMs: 120_000, keep: false, values: [], output: 'text' },
    });
  });

  it('are read', () => {
    const args =
      '--release r --namespace n --agents 3 --faults b --timeout 5 --output json --suspended --busy'.split(
        ' ',
      );
    expect(readArguments(args, OWN)).to.deep.include({
      ...{
        release: 'r',
        namespace: 'n',
        agents: 3,
        faults: ['b'],
        timeoutMs: 5_000,
        output: 'json',
        suspended: true,
        busy: true,
      },
    });
  });

  it('ask for help whatever else is wrong', () => {
    expect(readArguments(['--help', '--timeout', 'x'])).to.deep.equal({ help: true });
  });

  for (const [args, words] of [
    ['--nonsense', /nonsense/],
    ['extra', /extra/],
    ['--agents 0', /--agents must be a whole number from 1 to 100, not "0"/],
    ['--agents 1e1', /--agents/],
    ['--most-requests 99', /--most-requests must be a number from 1 to 9/],
    ['--faults a,c', /--faults must be one of a, b, not "c"/],
    ['--output xml', /--output must be one of text, json/],
    ['--namespace Upper', /--namespace must be a name of Kubernetes/],
    ['--release r', /--release needs --namespace/],
    ['--release r --namespace n --image x --values f', /--image, --values: nothing is installed/],
  ]) {
    it(`refuse ${args}`, () => {
      expect(() => readArguments(args.split(' '), OWN))
        .to.throw(Precondition, words)
        .with.property('remedy', 'See --help.');
    });
  }

  it('are told of, each one, by --help', () => {
    const told = [...COMMON_USAGE.matchAll(/^ {2}--([\w-]+)/gm)].map(([, name]) => name);
    const known = Object.keys(readArguments([])).map((name) =>
      name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    );
    expect(told).to.include.members(known.filter((name) => !['help', 'timeout-ms'].includes(name)));
  });

  for (const [image, values] of [
    ['registry.example.com:5000/rynxs', { repository: 'registry.example.com:5000/rynxs' }],
    ['registry.example.com:5000/rynxs:v1', { repository: 'registry.example.com:5000/rynxs', tag: 'v1' }],
    ['rynxs@sha256:0f', { repository: 'rynxs', digest: 'sha256:0f' }],
    ['rynxs:v1@sha256:0f', { repository: 'rynxs', tag: 'v1', digest: 'sha256:0f' }],
  ]) {
    it(`become values of the chart: --image ${image}`, () => {
      expect(imagesOf({ image })).to.deep.equal({ image: values });
    });
  }

  it('are laid over the values that a script needs', () => {
    expect(
      merged({ minio: { enabled: true }, replicaCount: 3 }, imagesOf({ s3Image: 'minio:1' })),
    ).to.deep.equal({
      minio: { enabled: true, image: { repository: 'minio', tag: '1' } },
      replicaCount: 3,
    });
  });
});
