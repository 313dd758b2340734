import { childKey, type Manifest } from '@rynxs/kernel';
import { type Computer, isGiven } from '../spec.js';
import { configMap } from './config-map.js';
import { deployment } from './deployment.js';
import { childMetadata } from './metadata.js';
import { networkPolicy } from './network-policy.js';
import { workspaceClaim } from './workspace.js';

/** Of the computers that were asked for last. All of them would be most of what an operator with many Agents holds. */
const known = new Map<Computer, readonly Manifest[]>();
const MAX_KNOWN = 256;

/** The children of a computer, in the order in which they are made. Remembered for some time; never change them. */
export function manifestsOf(computer: Computer): readonly Manifest[] {
  const remembered = known.get(computer);
  if (remembered !== undefined) return remembered;
  const metadata = childMetadata(computer);
  const { workspace } = computer;
  const manifests = [
    configMap(computer, metadata),
    ...(isGiven(workspace) ? [] : [workspaceClaim(computer, workspace)]),
    networkPolicy(computer, metadata),
    deployment(computer, metadata),
  ];
  known.set(computer, manifests);
  if (known.size > MAX_KNOWN) forgetOldest();
  return manifests;
}

function forgetOldest(): void {
  const [oldest] = known.keys();
  if (oldest !== undefined) known.delete(oldest);
}

/** The manifest of one child (`Deployment/my-agent`); undefined when the computer has no such child. */
export function manifestOf(computer: Computer, child: string): Manifest | undefined {
  return manifestsOf(computer).find(
    ({ resource, object }) => childKey(resource, object.metadata.name) === child,
  );
}
