import { rynxsError, type Tenure } from '@rynxs/kernel';
import type { Defect } from './simulation.js';

/** A defect, and what the simulation must say of it in one of its seeds. */
export interface ShownDefect extends Defect {
  readonly shows: RegExp;
}

/** One way to take away each of the things that keep two replicas from writing, to show that the simulation would notice. */
export const DEFECTS: Readonly<Record<string, ShownDefect>> = {
  'a log without a fence': {
    shows: /where \d+ is (next|due)|does not verify|was written by/,
    bucket: (bucket) => {
      bucket.ignoresCondition = (bytes) => bytes.includes('"hash_version"');
    },
  },
  'writes to the cluster without preconditions': {
    shows: /after epoch \d+ had acted, late, over a change/,
    api: (api) => {
      api.ignoresPreconditions = true;
    },
  },
  'a term that acts at once although nobody has seen the one before it end': {
    shows: /after epoch \d+ had acted$/,
    tenure: (tenure) => changed(tenure, { holdOffMs: 0 }),
  },
  'a tenure without a deadline': {
    shows: /after epoch \d+ had acted$|after the next epoch had begun$/,
    tenure: (tenure) => {
      const released = new AbortController();
      return changed(tenure, {
        signal: released.signal,
        assert: () => released.signal.throwIfAborted(),
        release: async () => {
          released.abort(rynxsError('RYNXS_LEADERSHIP_LOST', { detail: 'it was released' }));
          await tenure.release();
        },
      });
    },
  },
};

function changed(tenure: Tenure, changes: Partial<Tenure>): Tenure {
  const { holder, signal, handover, writeTimeoutMs, holdOffMs } = tenure;
  return {
    holder,
    signal,
    handover,
    writeTimeoutMs,
    holdOffMs,
    assert: (remainingMs) => tenure.assert(remainingMs),
    announce: (term) => tenure.announce(term),
    release: () => tenure.release(),
    ...changes,
  };
}
