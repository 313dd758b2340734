import type { KubernetesObject } from '@rynxs/kernel';
import type { Change } from '../storage/change-history.js';
import { encodedObject } from '../storage/encoded-object.js';

const eventBytes = new WeakMap<Change, Buffer>();

/** One line of a watch: made once per change, shared by all watches. */
export function watchEventBytes(change: Change): Buffer {
  let bytes = eventBytes.get(change);
  if (bytes === undefined) {
    bytes = watchLine(change.type, change.object);
    eventBytes.set(change, bytes);
  }
  return bytes;
}

/** A line of a watch for an object as it is stored. */
export function watchLine(type: Change['type'], object: KubernetesObject): Buffer {
  return Buffer.concat([
    Buffer.from(`{"type":"${type}","object":`),
    encodedObject(object),
    NEWLINE_AFTER_OBJECT,
  ]);
}

const NEWLINE_AFTER_OBJECT = Buffer.from('}\n');
