import type { KubernetesObject } from '@rynxs/kernel';
import { asJson, objectsAt, stringAt } from '../../storage/json.js';
import { badRequest } from '../../storage/status-error.js';

/** The container that a request to a pod means: the one it names, else the only one. Throws StatusError 400. */
export function selectContainer(pod: KubernetesObject, requested: string | null): string {
  const names = objectsAt(asJson(pod), 'spec', 'containers').map((each) => stringAt(each, 'name') ?? '');
  const { name } = pod.metadata;
  if (requested !== null && requested !== '') {
    if (names.includes(requested)) return requested;
    throw badRequest(`container ${requested} is not valid for pod ${name}`);
  }
  const [only] = names;
  if (names.length === 1 && only !== undefined) return only;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`);
}
