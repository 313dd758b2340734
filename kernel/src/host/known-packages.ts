import { findInstalledProviders } from './package-lookup.js';

/** Packages that are part of Rynxs, by token and type, so that a message can name one that is not installed. */
const KNOWN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  EVENT_STORE: { file: '@rynxs/store-file', s3: '@rynxs/store-s3' },
  CLUSTER: { kubernetes: '@rynxs/cluster-kubernetes', embedded: '@rynxs/dev-cluster' },
  CLUSTER_CONNECTOR: { kubernetes: '@rynxs/cluster-kubernetes' },
  LEADERSHIP: { lease: '@rynxs/leader-lease' },
  TELEMETRY: { prometheus: '@rynxs/metrics' },
  RECONCILER: { agent: '@rynxs/agent-sandbox' },
};

/** What to do when nothing that is loaded provides a token (of a type, where one is selected): a sentence for a remedy. */
export async function suggestPackage(
  token: string,
  type: string | undefined,
  directory: string,
): Promise<string> {
  const known = KNOWN[token] ?? {};
  const types = type === undefined ? Object.keys(known) : [type];
  for (const wanted of types) {
    const [installed] = await findInstalledProviders(token, wanted, directory);
    if (installed !== undefined) {
      return `The package ${installed} is installed and provides it: add it to RYNXS_PLUGINS.`;
    }
    const name = known[wanted];
    if (name !== undefined) {
      return `The package ${name} provides it and is not installed: run \`npm install ${name}\` and add it to RYNXS_PLUGINS.`;
    }
  }
  return type === undefined
    ? 'Install a package that provides it and add it to RYNXS_PLUGINS.'
    : 'Choose a known type, or install the package that provides this one and add it to RYNXS_PLUGINS.';
}
