import type { JsonMap } from '@rynxs/log';
import type { Dice } from './dice.js';
import { BOUNDED } from './places.js';

const IMAGES = [
  'registry.example.com/good/python:3.11',
  'registry.example.com/good/node:24',
  'registry.example.com/other/bot:1',
  'python:3.11-slim',
];

/** A spec of an Agent with anything in it that can be changed later. */
export function randomSpec(dice: Dice): JsonMap {
  return {
    image: dice.pick(IMAGES),
    role: dice.pick(['sandbox', 'service']),
    env: [{ name: 'ROUND', value: String(dice.below(1_000_000)) }],
    network: {
      groups: dice.chance(0.3) ? [dice.pick(['lab', 'ops'])] : [],
      egress: {
        dns: dice.chance(0.5),
        cidrs: dice.chance(0.3) ? [{ cidr: `10.${dice.below(200)}.0.0/16`, ports: [{ port: 443 }] }] : [],
      },
    },
    resources: { limits: { cpu: dice.pick(['1', '0.5', '500m']), memory: dice.pick(['1Gi', '1024Mi']) } },
    lifecycle: {
      state: dice.chance(0.2) ? 'Suspended' : 'Running',
      ...(dice.chance(0.05) ? { ttl: dice.pick(['20s', '8h']) } : {}),
    },
    workspace: { retain: dice.chance(0.15) ? 'Retain' : 'Delete' },
  };
}

/** Part of a spec that the API server takes and the operator refuses: a password in a URL is a secret. */
export const REFUSED: JsonMap = { env: [{ name: 'SITE', value: 'https://me:hunter2@example.com' }] };

/** Bounds of the Universe; the last ones of a soak have no quota, whose places go by who came first. */
export function randomBounds(dice: Dice, isLast: boolean): JsonMap {
  return {
    namespaces: BOUNDED,
    images: dice.chance(0.5) ? { allowed: ['registry.example.com/good/**'] } : null,
    egress: dice.chance(0.3) ? { dns: true, cidrs: [{ cidr: '10.0.0.0/8', ports: [{ port: 443 }] }] } : null,
    limits: dice.chance(0.3) ? { cpu: '0.5' } : null,
    quota: isLast || dice.chance(0.7) ? null : { agents: 20 + dice.below(150) },
  };
}
