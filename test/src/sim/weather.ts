import type { Random } from '@rynxs/kernel';
import type { Fate } from './exchange.js';
import type { StorageRequest } from './simulated-storage.js';

/** How bad network and server are: probabilities for each request, 0 to 1. */
export interface Weather {
  /** The request never arrives. */
  readonly lostRequest: number;
  /** The answer never arrives. */
  readonly lostAnswer: number;
  /** The request arrives twice, the second time perhaps long after the first. */
  readonly duplicated: number;
  /** The client is told of a broken connection while the request is still on its way. */
  readonly reset: number;
  /** The server answers 500: in half of the cases it has done what was asked for. */
  readonly failed: number;
  /** The server answers 409 or 503 and has done nothing, or cannot be reached. */
  readonly refused: number;
  /** A message takes up to `slowMs` instead of a few milliseconds. */
  readonly slow: number;
  /** Longer than any client waits, so that requests arrive after everybody has given up on them. */
  readonly slowMs: number;
  /** How long it stays so. */
  readonly lengthMs: number;
}

export const CALM: Weather = {
  lostRequest: 0,
  lostAnswer: 0,
  duplicated: 0,
  reset: 0,
  failed: 0,
  refused: 0,
  slow: 0,
  slowMs: 0,
  lengthMs: Number.POSITIVE_INFINITY,
};

/** Weather that is mild in some seeds and a storm in others, each sort of trouble on its own. */
export function drawWeather(random: Random): Weather {
  const severity = random.next();
  const share = (most: number): number => (random.next() < 0.5 ? random.next() * most * severity : 0);
  // Hardly anything comes through, for longer than a writer waits for one commit.
  const isOutage = random.next() < 0.25;
  const lost = (): number => (isOutage && random.next() < 0.7 ? 1 - random.next() / 10 : share(0.3));
  return {
    lostRequest: lost() * (isOutage ? random.next() : 1),
    lostAnswer: lost(),
    duplicated: share(0.5),
    reset: share(0.3),
    failed: share(0.3),
    refused: share(0.4),
    slow: share(0.6),
    slowMs: random.next() < 0.5 ? 3_000 : 90_000,
    lengthMs: (isOutage ? 30_000 : 5_000) + random.next() ** 2 * 50_000,
  };
}

/** Decides what becomes of one request. */
export function drawFate(weather: Weather, random: Random, { kind }: Pick<StorageRequest, 'kind'>): Fate {
  const happens = (probability: number): boolean => random.next() < probability;
  const delay = (): number =>
    happens(weather.slow) ? random.next() * weather.slowMs : 1 + random.next() * 9;
  if (happens(weather.refused)) {
    const reasons =
      kind === 'put'
        ? (['unavailable', 'throttled', 'in_progress'] as const)
        : (['unavailable', 'throttled'] as const);
    return { refusedAs: reasons[Math.floor(random.next() * reasons.length)]!, deliveries: [] };
  }
  const copies = happens(weather.lostRequest) ? 0 : happens(weather.duplicated) ? 2 : 1;
  const deliveries = Array.from(
    { length: copies },
    () =>
      ({
        afterMs: delay(),
        server: happens(weather.failed) ? (happens(0.5) ? 'fails' : 'serves_and_fails') : 'serves',
        answerMs: happens(weather.lostAnswer) ? undefined : delay(),
      }) as const,
  );
  return { deliveries, ...(happens(weather.reset) ? { resetMs: random.next() * 20 } : {}) };
}
