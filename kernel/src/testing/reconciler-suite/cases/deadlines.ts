import { expect } from 'chai';
import type { ReconcilerCase, ReconcilerSubject } from '../subject.js';
import { observed, settled } from './beginnings.js';
import { expectConverged } from './deciding.js';

const RFC_3339_UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

export const DEADLINE_CASES: readonly ReconcilerCase[] = [
  {
    name: 'names a deadline in RFC 3339 and not again once it has come, and decides what follows from it',
    appliesTo: (subject) => withDeadline(subject).length > 0,
    run(subject) {
      for (const index of withDeadline(subject)) {
        const history = settled(subject, index);
        const deadline = history.reachDeadline();
        expect(deadline).to.match(RFC_3339_UTC);
        expect(history.reconciler.deadline(history.state)).not.to.equal(deadline);
        history.settle();
        expectConverged(history);
      }
    },
  },
];

function withDeadline(subject: ReconcilerSubject): readonly number[] {
  return [...subject.objects.keys()].filter((index) => {
    const { reconciler, state } = observed(subject, index);
    return reconciler.deadline(state) !== undefined;
  });
}
