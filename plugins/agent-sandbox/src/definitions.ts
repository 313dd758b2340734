import { agentDefinition } from './definition.js';
import { sessionDefinition } from './session/session-definition.js';
import { universeDefinition } from './universe/universe-definition.js';

/** The CustomResourceDefinitions of all kinds that this plugin reconciles. */
export const definitions = [agentDefinition, universeDefinition, sessionDefinition];
