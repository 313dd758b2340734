import type { Json } from './api-client.js';

/** Objects that every API server takes, for cases to change. */

export const configMaps = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`;
export const secrets = (namespace: string) => `/api/v1/namespaces/${namespace}/secrets`;
export const pods = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`;
export const claims = (namespace: string) => `/api/v1/namespaces/${namespace}/persistentvolumeclaims`;
export const deployments = (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/deployments`;
export const policies = (namespace: string) =>
  `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
export const leases = (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;

export const JSON_PATCH = { type: 'application/json-patch+json' };
export const MERGE_PATCH = { type: 'application/merge-patch+json' };
export const STRATEGIC_PATCH = { type: 'application/strategic-merge-patch+json' };

export function configMap(name: string, data: Record<string, string> = {}, metadata: Json = {}): Json {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data };
}

export function deployment(name: string, spec: Json = {}, podSpec: Json = {}): Json {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      // No pods, so that no case depends on what controllers and nodes do.
      replicas: 0,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'main', image: 'example.org/app:1' }], ...podSpec },
      },
      ...spec,
    },
  };
}

export function pod(name: string, spec: Json = {}): Json {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      automountServiceAccountToken: false,
      // No node has it: the pod stays where the API server has put it.
      nodeSelector: { 'conformance.example.org/node': 'none' },
      containers: [{ name: 'main', image: 'example.org/app:1' }],
      ...spec,
    },
  };
}

/** A claim of a class that does not exist: nothing binds it. */
export function claim(name: string, spec: Json = {}): Json {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'conformance-none',
      resources: { requests: { storage: '1Gi' } },
      ...spec,
    },
  };
}

export function networkPolicy(name: string, spec: Json): Json {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name },
    spec: { podSelector: {}, ...spec },
  };
}
