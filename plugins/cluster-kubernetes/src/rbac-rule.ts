import type { Subject } from './subject.js';

interface Access {
  readonly verbs: readonly string[];
  /** After the resource, as `/status`. */
  readonly subresource?: string;
}

/** What RBAC calls that which a request does, where that is another word. */
const ACCESS: Readonly<Record<string, Access>> = {
  'update status of': { verbs: ['update'], subresource: '/status' },
  // A WebSocket is opened by GET: `get` for older API servers; newer ones want `create` as well
  // (their feature gate AuthorizePodWebsocketUpgradeCreatePermission).
  'exec into': { verbs: ['create', 'get'], subresource: '/exec' },
  'read the log of': { verbs: ['get'], subresource: '/log' },
};

/** The rule of a Role or ClusterRole that allows what a request was for, as YAML on one line. */
export function rbacRule({ verb, resource }: Subject): string {
  const { verbs, subresource = '' } = ACCESS[verb] ?? { verbs: [verb] };
  const list = (words: readonly string[]) => `[${words.join(', ')}]`;
  if (resource.startsWith('/')) return `{nonResourceURLs: ["${resource}"], verbs: ${list(verbs)}}`;
  const [plural, ...group] = resource.split('.');
  const apiGroup = group.length === 0 ? '""' : group.join('.');
  return `{apiGroups: [${apiGroup}], resources: [${plural}${subresource}], verbs: ${list(verbs)}}`;
}
