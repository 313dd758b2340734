import { canonicalize, type JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import type { ReconcilerCase } from '../subject.js';
import { observed, settled } from './beginnings.js';

export const REPORTING_CASES: readonly ReconcilerCase[] = [
  {
    name: 'reports in JSON what it has observed, with a state and a reason',
    run(subject) {
      for (const history of [observed(subject), settled(subject), settled(subject, 1)]) {
        const { status, health } = history.reconciler.report(
          history.state,
          history.live('2026-01-01T00:01:00Z'),
        );
        canonicalize(status);
        expect(status.observedGeneration).to.equal(history.object.metadata.generation);
        if (health === undefined) continue;
        expect(health.state).to.be.oneOf(['ready', 'progressing', 'degraded', 'suspended']);
        expect(health.reason).to.match(/^[A-Z][A-Za-z]*$/);
        expect(health.message).to.be.a('string');
      }
    },
  },
  {
    name: 'reports the same bytes later when nothing has changed, so that nothing is written',
    run(subject) {
      const history = settled(subject);
      const { reconciler, state } = history;
      const first = reconciler.report(state, history.live('2026-01-01T00:01:00Z')).status;
      const later = reconciler.report(
        state,
        history.live('2026-01-01T09:00:00Z', JSON.parse(canonicalize(first)) as JsonMap),
      );
      expect(canonicalize(later.status)).to.equal(canonicalize(first));
    },
  },
  {
    name: 'finds facts of the types that it names, and none again that is on the record',
    run(subject) {
      for (const index of subject.objects.keys()) {
        const history = observed(subject, index);
        const facts = () =>
          history.reconciler.facts?.(history.state, history.live('2026-01-01T00:01:00Z')) ?? [];
        for (const { type, fact } of facts()) {
          expect(history.reconciler.factTypes, 'factTypes').to.include(type);
          history.record(type, { uid: history.object.metadata.uid ?? '', fact });
        }
        expect(facts()).to.deep.equal([]);
      }
    },
  },
];
