import type { KubernetesObject } from '@rynxs/kernel';

const encoded = new WeakMap<KubernetesObject, Buffer>();

/** The JSON bytes of a stored object. Made once per version: answers, watch events and the journal share them. */
export function encodedObject(object: KubernetesObject): Buffer {
  let bytes = encoded.get(object);
  if (bytes === undefined) {
    bytes = Buffer.from(JSON.stringify(object));
    encoded.set(object, bytes);
  }
  return bytes;
}

/** Drops the bytes of a version that is no longer the newest: few will ask for it, and all versions would take much. */
export function forgetEncoding(object: KubernetesObject): void {
  encoded.delete(object);
}
