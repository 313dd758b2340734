import { expect } from 'chai';
import { versionInLine } from './watch-line.js';

const lineOf = (type: string, object: unknown) => Buffer.from(JSON.stringify({ type, object }));

describe('versionInLine', () => {
  const metadata = { name: 'a', resourceVersion: '42' };

  it('finds the version of an object that is added or modified', () => {
    for (const type of ['ADDED', 'MODIFIED']) {
      expect(versionInLine(lineOf(type, { kind: 'ConfigMap', metadata, data: { resource: 'x' } }))).to.equal(
        '42',
      );
    }
  });

  it('is not misled by texts that look like the field', () => {
    const annotations = { last: JSON.stringify({ metadata: { resourceVersion: '7' } }) };
    expect(versionInLine(lineOf('ADDED', { metadata: { annotations, ...metadata } }))).to.equal('42');
  });

  for (const [what, line] of [
    [
      'a label of the name comes first',
      lineOf('ADDED', { metadata: { labels: { resourceVersion: '7' }, ...metadata } }),
    ],
    ['another field of the name comes later', lineOf('ADDED', { metadata, spec: { resourceVersion: '7' } })],
    ['an object is deleted', lineOf('DELETED', { metadata })],
    ['it is a bookmark', lineOf('BOOKMARK', { metadata })],
    ['it is an error', lineOf('ERROR', { message: 'x' })],
    ['there is no version', lineOf('ADDED', { metadata: { name: 'a' } })],
    [
      'it is formatted in another way',
      Buffer.from(JSON.stringify({ type: 'ADDED', object: { metadata } }, null, 1)),
    ],
    ['it is cut off', lineOf('ADDED', { metadata }).subarray(0, -4)],
    ['it is empty', Buffer.alloc(0)],
  ] as const) {
    it(`says nothing when ${what}`, () => {
      expect(versionInLine(line)).to.equal(undefined);
    });
  }
});
