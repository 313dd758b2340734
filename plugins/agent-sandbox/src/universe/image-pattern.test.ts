import { expect } from 'chai';
import fc from 'fast-check';
import { IMAGE_PATTERN, matchesImage, matchesText, parseImage } from './image-pattern.js';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('an image reference', () => {
  const read: Readonly<Record<string, readonly [string, boolean]>> = {
    python: ['docker.io/library/python', false],
    'python:3.11-slim': ['docker.io/library/python', false],
    'acme/bot': ['docker.io/acme/bot', false],
    'docker.io/python': ['docker.io/library/python', false],
    'index.docker.io/acme/bot:1': ['docker.io/acme/bot', false],
    'localhost/bot': ['localhost/bot', false],
    'localhost:5000/bot:v1': ['localhost:5000/bot', false],
    'registry:5000/a/b_c/d-e.f': ['registry:5000/a/b_c/d-e.f', false],
    'registry.example.com/agents/bot:1': ['registry.example.com/agents/bot', false],
    [`registry.example.com/agents/bot@${digest}`]: ['registry.example.com/agents/bot', true],
    [`python:3.11@${digest}`]: ['docker.io/library/python', true],
    [`python@sha512:${'ab'.repeat(64)}`]: ['docker.io/library/python', true],
    // A name and a tag, however much the tag looks like a port.
    'registry:5000': ['docker.io/library/registry', false],
  };
  for (const [image, [name, isPinned]] of Object.entries(read)) {
    it(`${image.slice(0, 60)} means ${name}`, () => {
      expect(parseImage(image)).to.deep.equal({ name, isPinned });
    });
  }

  for (const image of [
    '',
    'a b',
    'Python',
    'registry.example.com/',
    '/python',
    'a//b',
    'a..b/c',
    'registry.example.com/../python',
    'python@sha256:0123',
    `python@sha256:${'0'.repeat(63)}G`,
    'python@md5:00',
    `registry.example.com/x@${digest}@${digest}`,
    'registry.example.com:port/bot',
  ]) {
    it(`${JSON.stringify(image.slice(0, 60))} is none`, () => {
      expect(parseImage(image)).to.equal(undefined);
    });
  }

  it('takes no long time, whatever it looks like', () => {
    const startedAt = process.hrtime.bigint();
    for (const piece of ['a.', 'a:', 'a-', 'a/', 'a_', 'a@', '-', '.'])
      parseImage(`${piece.repeat(300).slice(0, 511)}!`);
    expect(Number(process.hrtime.bigint() - startedAt) / 1e6).to.be.lessThan(1_000);
  });
});

describe('a pattern of images', () => {
  const matches: readonly (readonly [string, string, boolean])[] = [
    ['docker.io/library/python', 'docker.io/library/python', true],
    ['docker.io/library/python', 'docker.io/library/python3', false],
    ['docker.io/library/*', 'docker.io/library/python', true],
    ['docker.io/*', 'docker.io/library/python', false],
    ['docker.io/**', 'docker.io/library/python', true],
    ['ghcr.io/**/bot', 'ghcr.io/acme/team/bot', true],
    ['ghcr.io/**/bot', 'ghcr.io/bot', false],
    ['ghcr.io/acme/**', 'ghcr.io/acme', false],
    ['ghcr.io/acme/agent-*', 'ghcr.io/acme/agent-a', true],
    ['ghcr.io/acme/agent-*', 'ghcr.io/acme/agent-a/b', false],
    ['ghcr.io/acme/*', 'ghcr.io.evil.example/acme/bot', false],
    ['registry.example.com/a', 'registry.example.com:5000/a', false],
    ['localhost:5000/*', 'localhost:5000/a', true],
  ];
  for (const [pattern, name, isMatch] of matches) {
    it(`${pattern} ${isMatch ? 'means' : 'does not mean'} ${name}`, () => {
      expect(matchesImage(pattern, name)).to.equal(isMatch);
    });
  }

  it('begins with a registry, in which nothing is open', () => {
    const pattern = new RegExp(IMAGE_PATTERN, 'u');
    for (const good of ['docker.io/library/*', 'localhost/x', 'localhost:5000/**', 'registry:5000/a'])
      expect(pattern.test(good), good).to.equal(true);
    for (const bad of ['python', 'library/python', '*/python', '*.example.com/x', 'docker.io', 'docker.io/'])
      expect(pattern.test(bad), bad).to.equal(false);
  });
});

describe('a pattern of names', () => {
  it('is the name, with any characters for each *', () => {
    const text = fc.stringMatching(/^[ab]{0,6}$/);
    fc.assert(
      fc.property(fc.stringMatching(/^[ab*]{0,6}$/), text, (pattern, name) => {
        const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name);
        expect(matchesText(pattern, name)).to.equal(expected);
      }),
    );
  });
});
