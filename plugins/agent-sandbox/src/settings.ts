import { type ConfigValues, defineConfig } from '@rynxs/kernel';

export const agentSettings = defineConfig({
  defaultWorkspaceSize: {
    type: 'size',
    default: '1Gi',
    env: 'AGENT_WORKSPACE_SIZE',
    doc: 'Size of the workspace of an Agent that gives none. Agents that are there already keep theirs.',
    min: 1_048_576,
    max: 70_368_744_177_664,
  },
});

export type AgentSettings = ConfigValues<typeof agentSettings>;
