export { AgentReconciler } from './agent-reconciler.js';
export { AGENT, agentDefinition } from './definition.js';
export { definitions } from './definitions.js';
export { default } from './plugin.js';
export { SESSION, sessionDefinition } from './session/session-definition.js';
export { SessionReconciler } from './session/session-reconciler.js';
export { UNIVERSE, universeDefinition } from './universe/universe-definition.js';
export { UniverseReconciler } from './universe/universe-reconciler.js';
