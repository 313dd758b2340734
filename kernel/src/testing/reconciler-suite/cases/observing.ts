import { canonicalize } from '@rynxs/log';
import { expect } from 'chai';
import type { KubernetesObject } from '../../../contracts/cluster.js';
import { frozen } from '../frozen.js';
import type { ReconcilerCase } from '../subject.js';

const MAX_BYTES = 32 * 1024;

export const OBSERVING_CASES: readonly ReconcilerCase[] = [
  {
    name: 'observes at most 32 KiB of JSON, and leaves the object as it is',
    run({ create, objects, refused = [] }) {
      for (const object of [...objects, ...refused]) {
        const bytes = canonicalize(create().observe(frozen(structuredClone(object))));
        expect(Buffer.byteLength(bytes)).to.be.at.most(MAX_BYTES);
      }
    },
  },
  {
    name: 'observes the same of the same spec, whatever the server and others write beside it',
    run({ create, objects }) {
      for (const object of objects) {
        const { metadata } = object;
        const later: KubernetesObject = {
          ...structuredClone(object),
          metadata: {
            ...metadata,
            generation: 7,
            resourceVersion: '4711',
            annotations: { 'example.com/seen': 'true' },
            managedFields: [{ manager: 'somebody', operation: 'Update', time: '2026-01-01T00:00:00Z' }],
          },
          status: { observedGeneration: 6 },
        };
        expect(canonicalize(create().observe(later))).to.equal(canonicalize(create().observe(object)));
      }
    },
  },
];
