import { DEADLINE_CASES } from './cases/deadlines.js';
import { DECIDING_CASES } from './cases/deciding.js';
import { HISTORY_CASES } from './cases/histories.js';
import { MANIFEST_CASES } from './cases/manifests.js';
import { OBSERVING_CASES } from './cases/observing.js';
import { REDUCING_CASES } from './cases/reducing.js';
import { REPORTING_CASES } from './cases/reporting.js';
import type { ReconcilerCase, ReconcilerSubject } from './subject.js';

export interface ReconcilerSuiteOptions extends ReconcilerSubject {
  /** How the reconciler is called in the report: `agent`. */
  readonly name: string;
}

/** What a reconciler must do, group by group: the definition of correct. */
export const RECONCILER_CASES: Readonly<Record<string, readonly ReconcilerCase[]>> = {
  observing: OBSERVING_CASES,
  reducing: REDUCING_CASES,
  deciding: DECIDING_CASES,
  manifests: MANIFEST_CASES,
  deadlines: DEADLINE_CASES,
  reporting: REPORTING_CASES,
  histories: HISTORY_CASES,
};

/**
 * Declares mocha tests that a reconciler must pass: purity, determinism, convergence, recovery. Needs fast-check.
 *
 *     reconcilerSuite({ name: 'agent', create: () => new AgentReconciler(…), objects: [small, large] });
 *
 * A case that the reconciler has nothing to do with (no deadlines, nothing that it refuses) counts as pending.
 */
export function reconcilerSuite({ name, ...subject }: ReconcilerSuiteOptions): void {
  describe(`reconciler: ${name}`, () => {
    for (const [group, cases] of Object.entries(RECONCILER_CASES)) {
      describe(group, () => {
        for (const suiteCase of cases) {
          it(suiteCase.name, async function () {
            this.timeout(15_000);
            if (suiteCase.appliesTo?.(subject) === false) this.skip();
            await suiteCase.run(subject);
          });
        }
      });
    }
  });
}
