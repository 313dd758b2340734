import type { Plugin, PluginPackage } from '@rynxs/kernel';

/** What comes with Rynxs. Each is loaded only when something that it provides is selected. */
export const FIRST_PARTY_PLUGINS: readonly PluginPackage[] = [
  'store-file',
  'store-s3',
  'cluster-kubernetes',
  'dev-cluster',
  'agent-sandbox',
  'leader-lease',
  'metrics',
].map((name) => ({ package: `@rynxs/${name}`, from: import.meta.url }));

/** All of them, whether they are selected or not. */
export async function loadFirstPartyPlugins(): Promise<readonly Plugin[]> {
  const modules = await Promise.all([
    import('@rynxs/store-file'),
    import('@rynxs/store-s3'),
    import('@rynxs/cluster-kubernetes'),
    import('@rynxs/dev-cluster'),
    import('@rynxs/agent-sandbox'),
    import('@rynxs/leader-lease'),
    import('@rynxs/metrics'),
  ]);
  return modules.map((module) => module.default);
}
