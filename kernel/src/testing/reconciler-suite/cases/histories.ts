import { canonicalize, type Json } from '@rynxs/log';
import { expect } from 'chai';
import type { Arbitrary } from 'fast-check';
import { digestsOf, type Finding, History, type Outcome, reduce } from '../history.js';
import type { ReconcilerCase, ReconcilerSubject } from '../subject.js';

/** Something that may happen to an object. Numbers choose among what there is at that moment. */
type Step =
  | { readonly kind: 'observe'; readonly which: number }
  | { readonly kind: 'pass'; readonly outcomes: readonly (Outcome | Finding)[] }
  | { readonly kind: 'drift'; readonly which: number; readonly how: 'changed' | 'removed' }
  | { readonly kind: 'health'; readonly health: 'Ready' | 'Degraded' }
  | { readonly kind: 'deadline' }
  | { readonly kind: 'delete' };

const MAX_STEPS = 24;
const RUNS = 60;
const OUTCOMES: readonly Outcome[] = ['applied', 'failed', 'failed for good'];
const FINDINGS: readonly Finding[] = ['not done', 'done', 'done otherwise'];

export const HISTORY_CASES: readonly ReconcilerCase[] = [
  {
    name: 'any history gives the same states and decisions in every process, byte for byte',
    async run(subject) {
      await forAllHistories((steps) => {
        const history = played(subject, steps);
        const traces = [subject.create(), subject.create(), history.reconciler].map((reconciler) => {
          const trace: string[] = [];
          let state: unknown;
          for (const event of history.events) {
            state = reduce(reconciler, state, event);
            trace.push(
              state === undefined
                ? 'none'
                : `${canonicalize(state as Json)} ${decisionBytes(history, reconciler, state)}`,
            );
          }
          return trace;
        });
        expect(traces[1]).to.deep.equal(traces[0]);
        expect(traces[2]).to.deep.equal(traces[0]);
      });
    },
  },
  {
    name: 'any history ends with the children that are wanted, once what is asked for can be done',
    async run(subject) {
      await forAllHistories((steps) => {
        const history = played(subject, steps);
        if (!history.exists) return;
        history.settle();
        for (const [child, digest] of digestsOf(history.manifestsByChild())) {
          if (!history.refusedDigests.has(digest))
            expect(history.children.get(child)?.digest, child).to.equal(digest);
        }
      });
    },
  },
];

async function forAllHistories(check: (steps: readonly Step[]) => void): Promise<void> {
  const fc = await import('fast-check');
  const which = fc.nat({ max: 1_000 });
  const outcome: Arbitrary<Outcome | Finding> = fc.oneof(
    { weight: 4, arbitrary: fc.constant<Outcome>('applied') },
    { weight: 3, arbitrary: fc.constantFrom(...OUTCOMES, ...FINDINGS) },
  );
  const step: Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('observe' as const), which }) },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('pass' as const),
        outcomes: fc.array(outcome, { minLength: 1, maxLength: 6 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('drift' as const),
        which,
        how: fc.constantFrom('changed' as const, 'removed' as const),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('health' as const),
        health: fc.constantFrom('Ready' as const, 'Degraded' as const),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'deadline' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'delete' as const }) },
  );
  fc.assert(fc.property(fc.array(step, { maxLength: MAX_STEPS }), check), { numRuns: RUNS });
}

function played({ create, objects, refused = [] }: ReconcilerSubject, steps: readonly Step[]): History {
  const specs = [...objects, ...refused];
  const [first] = objects;
  if (first === undefined) throw new TypeError('reconcilerSuite needs at least two objects');
  const history = new History(create(), first);
  history.observe(first);
  for (const step of steps) {
    if (step.kind === 'observe') history.observe(chosen(specs, step.which));
    else if (history.exists) play(history, step);
  }
  return history;
}

function play(history: History, step: Exclude<Step, { kind: 'observe' }>): void {
  switch (step.kind) {
    case 'pass':
      history.decide();
      for (const outcome of step.outcomes) {
        if (isFinding(outcome)) history.restart(outcome);
        else history.conclude(outcome);
      }
      history.concludeAll('applied');
      return;
    case 'drift': {
      const children = [...history.children.keys()];
      if (children.length > 0) history.drift(chosen(children, step.which), step.how);
      return;
    }
    case 'health':
      history.recordHealth(step.health);
      return;
    case 'deadline':
      history.reachDeadline();
      return;
    case 'delete':
      history.delete();
  }
}

function decisionBytes(history: History, reconciler: History['reconciler'], state: unknown): string {
  return canonicalize(history.describe(reconciler.decide(state)) as unknown as Json);
}

function isFinding(outcome: Outcome | Finding): outcome is Finding {
  return (FINDINGS as readonly string[]).includes(outcome);
}

function chosen<T>(list: readonly T[], which: number): T {
  return list[which % list.length] as T;
}
