import { canonicalize, type Json } from '@rynxs/log';
import { expect } from 'chai';
import fc from 'fast-check';
import { observeAgent } from './observe.js';
import { agent, observe } from './testing/agent.js';

describe('observing an Agent', () => {
  it('records the spec as declared and when the Agent was made', () => {
    expect(observeAgent(agent({ role: 'sandbox', image: 'python:3.11-slim' }))).to.deep.equal({
      role: 'sandbox',
      image: 'python:3.11-slim',
      metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
    });
  });

  it('records no secret: not by name, not by looks, not in an unknown field', () => {
    const observed = observeAgent(
      agent({
        image: 'a',
        env: [
          { name: 'DB_PASSWORD', value: 'hunter2-by-name' },
          { name: 'DB_URL', value: 'postgres://app:hunter2-by-looks@db/app' },
          { name: 'CONNECTION', value: { secret: 'hunter2-in-a-map' } },
          { name: 'OTHER', valueFrom: { vault: 'hunter2-in-an-unknown-source' } },
        ],
        command: ['sh', '-c', 'psql postgres://app:hunter2-in-a-command@db/app'],
        args: ['https://app:hunter2-in-args@db'],
        password: 'hunter2-in-an-unknown-field',
      }),
    );
    expect(canonicalize(observed)).not.to.contain('hunter2');
  });

  it('records of a spec beyond 32 KiB only how large it is', () => {
    const spec = { image: 'a', args: Array.from({ length: 32 }, () => 'x'.repeat(2_000)) };
    const observed = observeAgent(agent(spec));
    expect(Object.keys(observed)).to.deep.equal(['metadata']);
    expect(observe(spec).refusal?.message).to.match(/^spec has \d+ bytes and must have at most 32768$/);
  });

  it('keeps to 32 KiB also where what replaces secrets is longer than they are', () => {
    const env = Array.from({ length: 64 }, (_, index) => ({ name: `A${index}_TOKEN`, value: 'x' }));
    const filler = 'x'.repeat(28_000);
    const declared = canonicalize(observeAgent(agent({ image: 'a', env, args: [filler] })));
    const room = 32_768 - Buffer.byteLength(declared);
    const longest = observeAgent(agent({ image: 'a', env, args: [filler + 'x'.repeat(room)] }));
    expect(Buffer.byteLength(canonicalize(longest))).to.equal(32_768);
    expect(
      Object.keys(observeAgent(agent({ image: 'a', env, args: [`${filler}${'x'.repeat(room)}x`] }))),
    ).to.deep.equal(['metadata']);
  });

  it('is not held up by text that is made to be looked at for long', () => {
    // Each start of what may be a token would have to be followed to the end: minutes, unless it is bounded.
    for (const length of [30_000, 3_000_000]) {
      const text = '-eyJ'.repeat(length / 4);
      expect(Object.keys(observeAgent(agent({ image: 'a', args: [text] })))).to.include('metadata');
    }
  });

  it('refuses a field called metadata, which its own record would hide', () => {
    expect(observe({ image: 'a', metadata: {} }).refusal?.message).to.equal(
      'spec.metadata is not a field; remove it',
    );
  });

  it('gives bounded JSON and a state for anything at all', function () {
    this.timeout(10_000);
    const field = fc.oneof(
      fc.jsonValue(),
      fc.string(),
      fc.constant('lone \ud800'),
      fc.constantFrom(undefined, null),
    );
    const names = [
      'role',
      'image',
      'command',
      'env',
      'resources',
      'workspace',
      'network',
      'isolation',
      'lifecycle',
      '__proto__',
      'constructor',
    ];
    const spec = fc.oneof(fc.dictionary(fc.constantFrom(...names), field), field);
    fc.assert(
      fc.property(spec, (given) => {
        const bytes = canonicalize(observeAgent(agent(given as Json)));
        expect(Buffer.byteLength(bytes)).to.be.at.most(32_768);
        expect(observe(given as Json).children).to.deep.equal({});
      }),
      { numRuns: 200 },
    );
  });
});
