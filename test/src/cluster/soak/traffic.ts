import type { SeenRequest } from '../fault-api-proxy.js';
import { mostPerSecond } from '../fault-ledger.js';

const WINDOW_MS = 10_000;
/** The same request within ten seconds; a hot loop makes hundreds. */
const MAX_SAME_IN_WINDOW = 40;
/** For each Agent that is made, each operation, and each fault; a new Agent takes 4 children, 2 statuses and an Event. */
const MAX_PER_OPERATION = 12;
const MAX_PER_FAULT = 200;
const ANCHOR = '/configmaps/rynxs-log-anchor';

export interface TrafficResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly busiestSecond: number;
  /** How often the most frequent request was sent within ten seconds, and which one. */
  readonly hottest: { readonly request: string; readonly times: number };
  readonly allowed: number;
  readonly problems: readonly string[];
}

/** Whether it changes something; the anchor of the log is written whatever happens to objects. */
export function isWrite({ method, path }: SeenRequest): boolean {
  return method !== 'GET' && !path.includes(ANCHOR);
}

export function judgeTraffic(
  requests: readonly SeenRequest[],
  counts: { readonly operations: number; readonly faults: number },
): TrafficResult {
  const first = requests[0]?.atMs ?? 0;
  const seconds = ((requests.at(-1)?.atMs ?? 0) - first) / 1_000 || 1;
  const hottest = hottestOf(requests);
  const allowed = counts.operations * MAX_PER_OPERATION + (counts.faults + 1) * MAX_PER_FAULT;
  const problems: string[] = [];
  if (requests.length > allowed)
    problems.push(`it sent ${requests.length} requests, more than ${allowed} for what happened`);
  if (hottest.times > MAX_SAME_IN_WINDOW)
    problems.push(`it sent ${hottest.request} ${hottest.times} times within 10 s`);
  return {
    requests: requests.length,
    perSecond: requests.length / seconds,
    busiestSecond: mostPerSecond(requests.map(({ atMs }) => atMs)),
    hottest,
    allowed,
    problems,
  };
}

function hottestOf(requests: readonly SeenRequest[]): TrafficResult['hottest'] {
  const moments = new Map<string, number[]>();
  let hottest = { request: 'nothing', times: 0 };
  for (const { method, path, atMs, isWatch } of requests) {
    // Of what is made, the path does not say the name.
    const request = `${isWatch ? 'WATCH' : method} ${path.split('?')[0]}`;
    if (method === 'POST') continue;
    const recent = (moments.get(request) ?? []).filter((moment) => atMs - moment < WINDOW_MS);
    recent.push(atMs);
    moments.set(request, recent);
    if (recent.length > hottest.times) hottest = { request, times: recent.length };
  }
  return hottest;
}
