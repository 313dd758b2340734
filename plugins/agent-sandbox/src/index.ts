export { AgentReconciler } from './agent-reconciler.js';
export { AGENT, agentDefinition } from './definition.js';
export { default } from './plugin.js';
