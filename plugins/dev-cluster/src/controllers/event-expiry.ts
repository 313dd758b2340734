import { EVENTS } from '../resources/types.js';
import { asJson, at } from '../storage/json.js';
import { type StartController, together } from './controller.js';

/** As in the API server's default, Events are kept for an hour. */
const TTL_MS = 3_600_000;
const CHECK_INTERVAL_MS = 60_000;
/** However young they are, no more are kept. */
const MAX_EVENTS = 10_000;

/** Deletes old Events. */
export const startEventExpiry: StartController = (context) => {
  const { storage } = context;
  const expire = () => {
    const events = storage
      .list(EVENTS)
      .map((event) => ({ event, at: Date.parse(lastSeen(asJson(event))) }))
      .sort((a, b) => a.at - b.at);
    const surplus = Math.max(0, events.length - MAX_EVENTS);
    events.forEach(({ event, at: seen }, index) => {
      if (index < surplus || seen + TTL_MS < context.now()) storage.delete(EVENTS, event.metadata);
    });
  };
  const timer = setInterval(() => {
    if (storage.count(EVENTS) > 0) expire();
  }, CHECK_INTERVAL_MS).unref();
  let sinceCheck = 0;
  const burst = storage.follow(EVENTS, ({ type }) => {
    if (type !== 'ADDED') return;
    sinceCheck += 1;
    if (sinceCheck < MAX_EVENTS / 10 || storage.count(EVENTS) <= MAX_EVENTS) return;
    sinceCheck = 0;
    expire();
  });
  return together(burst, { [Symbol.dispose]: () => clearInterval(timer) });
};

function lastSeen(event: ReturnType<typeof asJson>): string {
  for (const time of [at(event, 'series', 'lastObservedTime'), event.lastTimestamp, event.eventTime]) {
    if (typeof time === 'string') return time;
  }
  const made = at(event, 'metadata', 'creationTimestamp');
  return typeof made === 'string' ? made : '';
}
