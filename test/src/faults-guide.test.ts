import { readFile } from 'node:fs/promises';
import type { FaultEffect } from '@rynxs/dev-cluster';
import { expect } from 'chai';
import { ROOT } from './rynxs-process.js';

/** Every kind of fault: the compiler sees to it that none is missing. */
const KINDS = {
  throttle: true,
  unavailable: true,
  error: true,
  conflict: true,
  gone: true,
  unauthorized: true,
  forbidden: true,
  'quota-exceeded': true,
  'webhook-denies': true,
  'webhook-times-out': true,
  'reset-before': true,
  'reset-after': true,
  delay: true,
  'drop-watch': true,
} satisfies Record<FaultEffect['kind'], true>;

describe('docs/FAULTS.md', () => {
  it('describes every kind of fault, and no other', async () => {
    const text = await readFile(`${ROOT}docs/FAULTS.md`, 'utf8');
    const described = [...text.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, kind]) => kind);
    expect(described).to.have.members(Object.keys(KINDS));
  });
});
