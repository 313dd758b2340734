import { definePlugin, RECONCILER } from '@rynxs/kernel';
import { AgentReconciler } from './agent-reconciler.js';
import { SessionReconciler } from './session/session-reconciler.js';
import { agentSettings } from './settings.js';
import { UniverseReconciler } from './universe/universe-reconciler.js';

export default definePlugin({
  id: 'agent-sandbox',
  apiVersion: 1,
  provides: [
    RECONCILER.as('agent', AgentReconciler),
    RECONCILER.as('universe', UniverseReconciler),
    RECONCILER.as('session', SessionReconciler),
  ],
  config: agentSettings,
});
