import type { Refusal } from '@rynxs/kernel';
import type { Accepted } from '../accept-spec.js';
import { describeProblems } from '../schema/problem-list.js';
import type { Problem } from '../schema/structural-schema.js';
import { outsideBounds } from './admission.js';
import { OUTSIDE_UNIVERSE } from './bounds.js';
import type { Tenancy } from './tenancy.js';

/** A spec that is valid by itself. */
export type Judged = Pick<Accepted, 'universe'> & {
  readonly computer: Accepted['computer'];
};

/** Why a spec is not admitted where its Agent lives; undefined when it is. */
export function outsideUniverse(
  { computer, universe }: Judged,
  tenancy: Tenancy | undefined,
): Refusal | undefined {
  const tenant = tenancy?.tenantOf(computer.namespace);
  if (tenancy === undefined || tenant === undefined)
    return universe === undefined ? undefined : refusal('no Universe has this namespace', [LEAVE_OUT]);
  const { name, bounds } = tenant;
  const place = `Universe ${name}`;
  if (bounds === undefined)
    return refusal(`${place} admits nothing: its spec was never valid; mend the Universe`, []);
  const problems: Problem[] = [...outsideBounds(computer, bounds)];
  if (universe !== undefined && universe !== name)
    problems.unshift({ field: 'spec.universe', detail: `must be ${name}, or be left out` });
  if (!tenancy.hasPlace(computer.namespace, computer.name))
    problems.unshift({
      field: 'the Agent',
      detail: `has no place: there are ${bounds.quota?.agents ?? 0} (quota.agents); delete another Agent or raise the quota`,
    });
  return problems.length === 0 ? undefined : refusal(place, problems);
}

const LEAVE_OUT: Problem = { field: 'spec.universe', detail: 'must be left out' };

function refusal(place: string, problems: readonly Problem[]): Refusal {
  const message = problems.length === 0 ? place : `${place}: ${describeProblems(problems)}`;
  return { reason: OUTSIDE_UNIVERSE, message };
}
