import { EVERYONE, type KubernetesObject, type Surroundings } from '@rynxs/kernel';
import { AGENT_LABEL, INSTANCE_LABEL } from '../manifests/metadata.js';
import { NETWORK_POLICY, PERSISTENT_VOLUME_CLAIM } from '../manifests/resource-types.js';

/**
 * What concerns Agents without belonging to them: NetworkPolicies, whose rules add up, and claims that are offered.
 * A policy that can select the pods of one Agent alone, as each Agent's own one does, is looked at for that Agent alone.
 */
export const AGENT_SURROUNDINGS: readonly Surroundings[] = [
  {
    resource: NETWORK_POLICY,
    concerns: ({ spec }: KubernetesObject) => {
      const { podSelector } = (spec ?? {}) as {
        readonly podSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
      };
      return podSelector?.matchLabels?.[INSTANCE_LABEL] ?? EVERYONE;
    },
  },
  {
    resource: PERSISTENT_VOLUME_CLAIM,
    concerns: ({ metadata }: KubernetesObject) => metadata.labels?.[AGENT_LABEL],
  },
];
