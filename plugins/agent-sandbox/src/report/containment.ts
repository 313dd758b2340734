import type { KubernetesObject, LiveView } from '@rynxs/kernel';
import type { JsonMap } from '@rynxs/log';
import { containmentOf } from '../containment/containment.js';
import { containersOf, hasServiceAccountToken, podSpecOf } from '../containment/live-pod.js';
import { wideningsOf } from '../containment/widenings.js';
import { CONTAINER } from '../manifests/deployment.js';
import type { Computer } from '../spec.js';
import type { Condition } from './conditions.js';

const SHOWN_WIDENINGS = 5;

/** What the status says of how a computer is contained, and whether that is as the Agent asks. */
export interface ContainmentReport {
  readonly status: JsonMap;
  readonly condition: Condition;
}

export function reportContainment(
  computer: Computer,
  pod: KubernetesObject,
  live: LiveView,
): ContainmentReport {
  const containment = containmentOf(pod, live);
  const spec = podSpecOf(pod);
  const container = containersOf(pod).find(
    (one) => one.kind === 'container' && one.container.name === CONTAINER,
  );
  return {
    status: {
      imageID: container?.imageId ?? '',
      ...(spec.runtimeClassName === undefined ? {} : { runtimeClassName: spec.runtimeClassName }),
      serviceAccountToken: hasServiceAccountToken(spec),
      networkPolicies: containment.policies.map(({ metadata }) => metadata.name),
    },
    condition: conditionOf([...wideningsOf(computer, containment)]),
  };
}

function conditionOf(widenings: readonly string[]): Condition {
  if (widenings.length === 0)
    return { type: 'Contained', isTrue: true, reason: 'AsDeclared', message: 'as the Agent asks' };
  const hidden = widenings.length - SHOWN_WIDENINGS;
  const message = `${widenings.slice(0, SHOWN_WIDENINGS).join('; ')}${hidden > 0 ? `; and ${hidden} more` : ''}`;
  return { type: 'Contained', isTrue: false, reason: 'Widened', message };
}
