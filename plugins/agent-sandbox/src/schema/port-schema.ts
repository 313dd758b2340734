import type { StructuralSchema } from './structural-schema.js';

// What rules about connections say of a port.

export const protocolSchema: StructuralSchema = {
  type: 'string',
  description: 'Transport protocol.',
  enum: ['TCP', 'UDP', 'SCTP'],
  default: 'TCP',
};

export const portSchema = (description: string): StructuralSchema => ({
  type: 'integer',
  description,
  format: 'int32',
  minimum: 1,
  maximum: 65_535,
});
