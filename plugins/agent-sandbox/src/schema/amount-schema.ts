import { BYTES, CPU } from './patterns.js';
import type { StructuralSchema } from './structural-schema.js';

const amount = (pattern: string, description: string): StructuralSchema => ({
  description,
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  'x-kubernetes-int-or-string': true,
  maxLength: 24,
  pattern,
});

/** Schema of an amount of CPU. */
export const cpuAmount = (description: string): StructuralSchema => amount(CPU, description);

/** Schema of an amount of bytes. */
export const bytesAmount = (description: string): StructuralSchema => amount(BYTES, description);
