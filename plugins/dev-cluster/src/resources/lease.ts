import { at, stringAt } from '../storage/json.js';
import { invalidValue } from '../storage/metadata-rules.js';
import type { StatusCause } from '../storage/status-error.js';
import { AGE_COLUMN, column, NAME_COLUMN } from './columns.js';
import type { ResourceDefinition } from './definition.js';
import { LEASES } from './types.js';

export const LEASE_DEFINITION: ResourceDefinition = {
  type: LEASES,
  singular: 'lease',
  shortNames: [],
  categories: [],
  listKind: 'LeaseList',
  hasStatus: false,
  hasGeneration: false,
  // Overwriting an unseen change would break leader election.
  allowsUnconditionalUpdate: false,
  allowsCreateOnUpdate: true,
  columns: [
    NAME_COLUMN,
    column('Holder', (object) => stringAt(object, 'spec', 'holderIdentity') ?? ''),
    AGE_COLUMN,
  ],
  validate: (object) => {
    const causes: StatusCause[] = [];
    const duration = at(object, 'spec', 'leaseDurationSeconds');
    if (typeof duration === 'number' && duration <= 0) {
      causes.push(invalidValue('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
    }
    const transitions = at(object, 'spec', 'leaseTransitions');
    if (typeof transitions === 'number' && transitions < 0) {
      causes.push(invalidValue('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
    }
    return causes;
  },
};
