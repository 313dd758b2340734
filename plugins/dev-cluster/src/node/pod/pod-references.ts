import type { KubernetesObject } from '@rynxs/kernel';
import { asJson, objectAt, objectsAt, stringAt } from '../../storage/json.js';

/** Names an object that a pod may refer to. */
export function referenceKey(plural: string, namespace: string | undefined, name: string): string {
  return `${plural}/${namespace ?? ''}/${name}`;
}

/** Keys of the ConfigMaps, Secrets and claims that a pod's specification names. */
export function referencesOf(pod: KubernetesObject): ReadonlySet<string> {
  const spec = objectAt(asJson(pod), 'spec');
  const { namespace } = pod.metadata;
  const references = new Set<string>();
  const add = (plural: string, name: string | undefined): void => {
    if (name !== undefined) references.add(referenceKey(plural, namespace, name));
  };
  for (const volume of objectsAt(spec, 'volumes')) {
    add('configmaps', stringAt(volume, 'configMap', 'name'));
    add('secrets', stringAt(volume, 'secret', 'secretName'));
    add('persistentvolumeclaims', stringAt(volume, 'persistentVolumeClaim', 'claimName'));
  }
  for (const container of objectsAt(spec, 'containers')) {
    for (const source of objectsAt(container, 'envFrom')) {
      add('configmaps', stringAt(source, 'configMapRef', 'name'));
      add('secrets', stringAt(source, 'secretRef', 'name'));
    }
    for (const variable of objectsAt(container, 'env')) {
      add('configmaps', stringAt(variable, 'valueFrom', 'configMapKeyRef', 'name'));
      add('secrets', stringAt(variable, 'valueFrom', 'secretKeyRef', 'name'));
    }
  }
  return references;
}
