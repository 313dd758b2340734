import type { PluginPackage } from '@rynxs/kernel';

/** What comes with Rynxs. Each is loaded only when something that it provides is selected. */
export const FIRST_PARTY_PLUGINS: readonly PluginPackage[] = [
  'store-file',
  'cluster-kubernetes',
  'dev-cluster',
  'agent-sandbox',
  'metrics',
].map((name) => ({ package: `@rynxs/${name}`, from: import.meta.url }));
