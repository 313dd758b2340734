import {
  type ChildrenState,
  CONFIG,
  type Decision,
  type Fact,
  type KubernetesObject,
  type LiveView,
  type Manifest,
  type Reconciler,
  type Report,
  type SharedContext,
} from '@rynxs/kernel';
import type { JsonMap, LogEvent } from '@rynxs/log';
import { admitted } from './admit.js';
import { decideAgent } from './decide.js';
import { AGENT, agentDefinition } from './definition.js';
import { AGENT_FACTS, agentFacts } from './facts/facts.js';
import { AGENT_SURROUNDINGS } from './facts/surroundings.js';
import { manifestOf, manifestsOf } from './manifests/manifests.js';
import { AGENT_CHILDREN, POD } from './manifests/resource-types.js';
import { observeAgent } from './observe.js';
import { type AgentConfiguration, reduceAgent } from './reduce.js';
import { reportAgent } from './report/report.js';
import { formatBytes } from './schema/quantity.js';
import type { AgentSettings } from './settings.js';
import { type AgentState, nextDeadline } from './state.js';
import { TENANCY, tenancyOf } from './universe/tenancy.js';

/**
 * Turns an Agent into a computer: a ConfigMap, a PersistentVolumeClaim, a NetworkPolicy and a Deployment of its name.
 * Stateless: what it knows of an Agent is in the state that it is given.
 */
export class AgentReconciler implements Reconciler<AgentState> {
  static readonly inject = [CONFIG];

  readonly name = 'agent';
  readonly version = 3;
  readonly resource = AGENT;
  readonly owns = AGENT_CHILDREN;
  readonly watches = [POD];
  readonly surroundings = AGENT_SURROUNDINGS;
  readonly factTypes = AGENT_FACTS;
  readonly definition = agentDefinition;
  readonly configuration: AgentConfiguration & JsonMap;
  readonly context = TENANCY;
  /** No Agent is made before the bounds of its namespace are known. */
  readonly after = ['universe'];

  constructor(config: Readonly<Record<string, unknown>>) {
    const { defaultWorkspaceSize } = config as AgentSettings;
    this.configuration = { defaultWorkspaceSize: formatBytes(defaultWorkspaceSize) };
  }

  observe(object: KubernetesObject): JsonMap {
    return observeAgent(object);
  }

  reduce(
    state: AgentState | undefined,
    event: LogEvent,
    configuration: JsonMap,
    context?: SharedContext,
  ): AgentState | undefined {
    return reduceAgent(state, event, configuration, tenancyOf(context));
  }

  adapt(state: AgentState, context: SharedContext): AgentState {
    return admitted(state, tenancyOf(context));
  }

  decide(state: AgentState): Decision {
    return decideAgent(state);
  }

  manifests({ computer }: AgentState): readonly Manifest[] {
    return computer === undefined ? [] : manifestsOf(computer);
  }

  children(state: AgentState): ChildrenState<unknown> {
    return state.children;
  }

  applied(state: AgentState, child: string): Manifest | undefined {
    const basis = state.children[child]?.basis;
    return basis === undefined ? undefined : manifestOf(basis, child);
  }

  deadline(state: AgentState): string | undefined {
    return nextDeadline(state);
  }

  facts(state: AgentState, live: LiveView): readonly Fact[] {
    return agentFacts(state, live);
  }

  report(state: AgentState, live: LiveView): Required<Report> {
    return reportAgent(state, live);
  }
}
