import { createHash } from 'node:crypto';
import { createToken } from './token.js';

/** Where an operator belongs, for what keeps objects of the operator's own in the cluster. */
export interface OperatorPlace {
  /** Namespace of the operator's own objects; the kernel's setting `namespace`. */
  readonly namespace: string;
  /** The part of the cluster that it works on; the kernel's setting `shard`. */
  readonly shard: string;
}

/** Given by the host. */
export const OPERATOR_PLACE = createToken<OperatorPlace>('OPERATOR_PLACE');

const DEFAULT_SHARD = 'default';
/** What can end the name of an object. */
const NAME_PART = /^[a-z0-9](?:[-a-z0-9]{0,40}[a-z0-9])?$/;

/**
 * What an object of the operator's own is called: `name` in the shard `default`, `<name>-<shard>` in others. A shard whose
 * name cannot be part of an object's name gets a digest of it.
 */
export function nameInShard(name: string, shard: string): string {
  if (shard === DEFAULT_SHARD) return name;
  const part = NAME_PART.test(shard) ? shard : createHash('sha256').update(shard).digest('hex').slice(0, 16);
  return `${name}-${part}`;
}
