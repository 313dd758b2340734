import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from './rynxs-process.js';

// A verifier as a stranger would write it who has read docs/EVENT_LOG.md and uses nothing of Rynxs: it keeps the page
// exact, and the example honest.

const page = readFileSync(join(ROOT, 'docs/EVENT_LOG_EXAMPLE.md'), 'utf8');

/** The blocks of a section of the page, in order. */
function blocks(section: string): readonly string[] {
  const start = page.indexOf(`## ${section}\n`);
  const end = page.indexOf('\n## ', start);
  const text = page.slice(start, end < 0 ? undefined : end);
  return [...text.matchAll(/^```\n([\s\S]*?)\n```$/gm)].map(([, block = '']) => block);
}

const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const leaf = (line: string) => sha256(Buffer.of(0), line);
const node = (left: Uint8Array, right: Uint8Array) => sha256(Buffer.of(1), left, right);

function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length <= 1) return leaves[0] ?? sha256('');
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return node(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}

/** Checks the signature of a note under a verifier key; returns the lines of its text. */
function openNote(note: string, vkey: string): readonly string[] {
  const text = note.slice(0, note.indexOf('\n\n') + 1);
  const [, , encoded = ''] = note
    .slice(text.length + 1)
    .trim()
    .split(' ');
  const signature = Buffer.from(encoded, 'base64');
  const plus = vkey.indexOf('+');
  const name = vkey.slice(0, plus);
  const material = Buffer.from(vkey.slice(vkey.indexOf('+', plus + 1) + 1), 'base64');
  expect(vkey.slice(plus + 1, plus + 9)).to.equal(sha256(`${name}\n`, material).toString('hex', 0, 4));
  expect(signature.toString('hex', 0, 4)).to.equal(vkey.slice(plus + 1, plus + 9));
  const x = material.subarray(1).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  expect(verify(null, Buffer.from(text), key, signature.subarray(4)), 'signature').to.equal(true);
  return text.split('\n');
}

describe('the worked example of the event log', () => {
  const lines = (blocks('The lines')[0] ?? '').split('\n');
  const vkey = blocks('The checkpoint')[1] ?? '';

  it('is a chain', () => {
    expect(lines).to.have.lengthOf(4);
    let previous = '0'.repeat(64);
    lines.forEach((line, seq) => {
      const event = line.slice(9, -160);
      const hash = sha256(previous, event).toString('hex');
      expect(line).to.equal(`{"event":${event},"event_hash":"${hash}","prev_hash":"${previous}"}`);
      expect((JSON.parse(event) as { seq: number }).seq).to.equal(seq);
      previous = hash;
    });
  });

  it('shows the event and the hashes of one record', () => {
    const [event = '', hashes = ''] = blocks('One record');
    expect(`{"event":${event}`).to.equal(lines[2]?.slice(0, -160));
    expect(hashes).to.contain(`P = ${JSON.parse(lines[1] ?? '').event_hash}`);
    expect(hashes).to.contain(`H = ${JSON.parse(lines[2] ?? '').event_hash}`);
  });

  it('has the tree that its lines have', () => {
    const leaves = lines.map(leaf);
    for (const hash of leaves) expect(page).to.contain(hash.toString('hex'));
    expect(page).to.contain(`root, node of these two | \`${rootOf(leaves).toString('hex')}\``);
  });

  it('is covered by its checkpoint', () => {
    const [origin, size, root] = openNote(`${blocks('The checkpoint')[0]}\n`, vkey);
    const { log_id } = JSON.parse(lines[0] ?? '').event.payload;
    expect([origin, size]).to.deep.equal([`rynxs.log/${log_id}`, '4']);
    expect(root).to.equal(rootOf(lines.map(leaf)).toString('base64'));
    expect(JSON.parse(lines[1] ?? '').event.payload.key).to.equal(vkey);
  });

  it('proves a record by its receipt alone', () => {
    const [receipt = ''] = blocks('A receipt');
    const [title, extra = '', index, ...rest] = receipt.split('\n');
    expect([title, index]).to.deep.equal(['c2sp.org/tlog-proof@v1', 'index 2']);
    const record = Buffer.from(extra.replace('extra ', ''), 'base64').toString('utf8');
    expect(record).to.equal(lines[2]);
    const [sibling = '', uncle = ''] = rest;
    const pair = node(leaf(record), Buffer.from(sibling, 'base64'));
    const root = node(Buffer.from(uncle, 'base64'), pair).toString('base64');
    expect(openNote(`${rest.slice(3).join('\n')}\n`, vkey)[2]).to.equal(root);
  });
});
