import { createHash } from 'node:crypto';
import type { KubernetesObject, Reconciler } from '@rynxs/kernel';
import { type Finding, History, type Outcome } from '@rynxs/kernel/testing';
import { canonicalize, type Json, type LogRecord } from '@rynxs/log';
import fc from 'fast-check';

/** Something that happens to an object; a number chooses among what there is at that moment. */
type Step =
  | readonly ['observe', number]
  | readonly ['pass', readonly Outcome[]]
  | readonly ['restart', Finding]
  | readonly ['drift', number]
  | readonly ['deadline']
  | readonly ['delete'];

const MAX_STEPS = 20;
const number = fc.nat({ max: 1_000 });

/** Any history of an object. */
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof<fc.Arbitrary<Step>[]>(
    fc.tuple(fc.constant('observe' as const), number),
    fc.tuple(
      fc.constant('pass' as const),
      fc.array(fc.constantFrom<Outcome>('applied', 'failed', 'failed for good'), { maxLength: 6 }),
    ),
    fc.tuple(fc.constant('restart' as const), fc.constantFrom<Finding>('not done', 'done', 'done otherwise')),
    fc.tuple(fc.constant('drift' as const), number),
    fc.constant(['deadline'] as const),
    fc.constant(['delete'] as const),
  ),
  { minLength: 1, maxLength: MAX_STEPS },
);

/** The records of a history: of an object that is observed first, and of which then happens what the steps say. */
export function recordsOf(
  reconciler: Reconciler,
  objects: readonly [KubernetesObject, ...KubernetesObject[]],
  happened: readonly Step[],
): readonly LogRecord[] {
  const history = new History(reconciler, objects[0]);
  // What every process records first: the configuration that it has.
  history.restart('not done');
  history.observe(objects[0]);
  for (const step of happened) {
    if (step[0] === 'observe') history.observe(objects[step[1] % objects.length] ?? objects[0]);
    else if (history.exists) play(history, step);
  }
  return history.events.map((event) => ({
    event,
    hash: createHash('sha256')
      .update(canonicalize(event as unknown as Json))
      .digest('hex'),
  }));
}

function play(history: History, step: Exclude<Step, readonly ['observe', number]>): void {
  switch (step[0]) {
    case 'pass':
      history.decide();
      for (const outcome of step[1]) history.conclude(outcome);
      history.concludeAll('applied');
      return;
    case 'restart':
      history.decide();
      history.restart(step[1]);
      return;
    case 'drift': {
      const children = [...history.children.keys()];
      const child = children[step[1] % children.length];
      if (child !== undefined) history.drift(child, step[1] % 2 === 0 ? 'changed' : 'removed');
      return;
    }
    case 'deadline':
      history.reachDeadline();
      return;
    case 'delete':
      history.delete();
  }
}
