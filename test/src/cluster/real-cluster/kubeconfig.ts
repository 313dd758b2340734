import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import type { KeyPair } from './certificates.js';

/** Where an API server answers, and the authority that vouches for it. */
export interface Server {
  readonly url: string;
  /** PEM text. */
  readonly ca: string;
}

/** How a user proves who it is. */
export type Credentials = KeyPair | { readonly token: string };

/** A kubeconfig that holds everything in itself. */
export function formatKubeconfig(server: Server, credentials: Credentials, namespace = 'default'): string {
  const user =
    'token' in credentials
      ? { token: credentials.token }
      : {
          'client-certificate-data': toBase64(credentials.cert),
          'client-key-data': toBase64(credentials.key),
        };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'rynxs-test',
    clusters: [
      {
        name: 'rynxs-test',
        cluster: { server: server.url, 'certificate-authority-data': toBase64(server.ca) },
      },
    ],
    users: [{ name: 'rynxs-test', user }],
    contexts: [{ name: 'rynxs-test', context: { cluster: 'rynxs-test', user: 'rynxs-test', namespace } }],
  });
}

/** Reads a kubeconfig that `formatKubeconfig` wrote. */
export function readKubeconfig(file: string): { readonly server: Server; readonly credentials: Credentials } {
  const config = parse(readFileSync(file, 'utf8'));
  const { cluster } = config.clusters[0];
  const { user } = config.users[0];
  return {
    server: { url: cluster.server, ca: fromBase64(cluster['certificate-authority-data']) },
    credentials:
      user.token === undefined
        ? {
            cert: fromBase64(user['client-certificate-data']),
            key: fromBase64(user['client-key-data']),
          }
        : { token: user.token },
  };
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString();
}
