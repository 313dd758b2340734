import { isMore } from '../schema/quantity.js';
import type { Problem } from '../schema/structural-schema.js';
import { type Computer, isGiven } from '../spec.js';
import type { Bounds } from './bounds.js';
import { matchesImage, matchesText, parseImage } from './image-pattern.js';
import { isWithin } from './network-range.js';

/** What of an Agent bounds are about: an accepted spec. */
export type Bounded = Pick<Computer, 'image' | 'env' | 'resources' | 'workspace' | 'network' | 'isolation'>;

const SHOWN_CHOICES = 3;

/** The bounds that a computer does not keep to: its field, what to do, and in brackets the bound. */
export function* outsideBounds(computer: Bounded, bounds: Bounds): Iterable<Problem> {
  yield* checkImage(computer, bounds);
  yield* checkRuntimeClass(computer, bounds);
  yield* checkLimits(computer, bounds);
  yield* checkWorkspace(computer, bounds);
  yield* checkEgress(computer, bounds);
  yield* checkSecrets(computer, bounds);
}

function* checkImage({ image }: Bounded, { images }: Bounds): Iterable<Problem> {
  if (images === undefined) return;
  const reference = parseImage(image);
  if (reference === undefined) {
    yield { field: 'spec.image', detail: 'must be a complete image reference (images)' };
    return;
  }
  const { allowed, requireDigest } = images;
  if (allowed?.some((pattern) => matchesImage(pattern, reference.name)) === false)
    yield { field: 'spec.image', detail: `must match ${choice(allowed)} (images.allowed)` };
  if (requireDigest && !reference.isPinned)
    yield {
      field: 'spec.image',
      detail: 'must be pinned by digest, as in name@sha256:… (images.requireDigest)',
    };
}

function* checkRuntimeClass({ isolation }: Bounded, { runtimeClassNames }: Bounds): Iterable<Problem> {
  if (runtimeClassNames?.includes(isolation.runtimeClassName ?? '') === false)
    yield {
      field: 'spec.isolation.runtimeClassName',
      detail: `must be ${choice(runtimeClassNames)} (runtimeClassNames)`,
    };
}

function* checkLimits({ resources }: Bounded, { limits = {} }: Bounds): Iterable<Problem> {
  for (const [resource, ceiling] of Object.entries(limits)) {
    const limit = resources.limits?.[resource];
    if (limit === undefined || isMore(limit, ceiling))
      yield {
        field: `spec.resources.limits.${resource}`,
        detail: `must be ${limit === undefined ? 'given and ' : ''}at most ${ceiling} (limits.${resource})`,
      };
  }
}

function* checkWorkspace({ workspace }: Bounded, bounds: Bounds): Iterable<Problem> {
  const { maxSize } = bounds.workspace ?? {};
  if (maxSize === undefined) return;
  if (isGiven(workspace))
    yield {
      field: 'spec.workspace.existingClaim',
      detail: `must be left out: workspaces may have at most ${maxSize}, and its size is not known (workspace.maxSize)`,
    };
  else if (isMore(workspace.size, maxSize))
    yield { field: 'spec.workspace.size', detail: `must be at most ${maxSize} (workspace.maxSize)` };
}

function* checkEgress({ network }: Bounded, { egress: ceiling }: Bounds): Iterable<Problem> {
  if (ceiling === undefined) return;
  const { dns, cidrs, agents } = network.egress;
  if (dns && !ceiling.dns) yield { field: 'spec.network.egress.dns', detail: 'must be false (egress.dns)' };
  if (agents.length > 0 && !ceiling.agents)
    yield { field: 'spec.network.egress.agents', detail: 'must be left out (egress.agents)' };
  for (const [index, { cidr, ports }] of cidrs.entries()) {
    const around = ceiling.cidrs.filter((range) => isWithin(cidr, range.cidr));
    const isAllowed = ports.every(({ protocol, port }) =>
      around.some((range) =>
        range.ports.some(
          (allowed) => allowed.protocol === protocol && port >= allowed.port && port <= allowed.endPort,
        ),
      ),
    );
    if (isAllowed) continue;
    const field = `spec.network.egress.cidrs[${index}]`;
    if (around.length > 0) yield { field: `${field}.ports`, detail: 'must be allowed there (egress.cidrs)' };
    else if (ceiling.cidrs.length === 0) yield { field, detail: 'must be left out (egress.cidrs)' };
    else
      yield {
        field,
        detail: `must lie within ${choice(ceiling.cidrs.map((one) => one.cidr))} (egress.cidrs)`,
      };
  }
}

function* checkSecrets({ env }: Bounded, { secrets }: Bounds): Iterable<Problem> {
  if (secrets === undefined) return;
  for (const [index, { secret }] of env.entries()) {
    if (secret === undefined || secrets.allowed.some((pattern) => matchesText(pattern, secret.name)))
      continue;
    const field = `spec.env[${index}].valueFrom.secretKeyRef.name`;
    yield secrets.allowed.length === 0
      ? { field, detail: 'must not be given: no Secret is allowed (secrets.allowed)' }
      : { field, detail: `must match ${choice(secrets.allowed)} (secrets.allowed)` };
  }
}

function choice(allowed: readonly string[]): string {
  const shown = allowed.slice(0, SHOWN_CHOICES).join(', ');
  const hidden = allowed.length - SHOWN_CHOICES;
  return hidden > 0 ? `one of ${shown} and ${hidden} more` : allowed.length > 1 ? `one of ${shown}` : shown;
}
