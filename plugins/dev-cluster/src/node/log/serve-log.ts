import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { KubernetesObject } from '@rynxs/kernel';
import { asJson, type JsonObject, numberAt, objectsAt, stringAt } from '../../storage/json.js';
import { badRequest, StatusError } from '../../storage/status-error.js';
import type { PodWorker } from '../pod/pod-worker.js';
import { selectContainer } from '../pod/select-container.js';
import { logDirectory, logName } from './log-paths.js';
import { type LogQuery, readLog } from './read-log.js';

export interface LogRequest {
  readonly pod: KubernetesObject;
  readonly query: URLSearchParams;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
  /** What runs the pod, if anything does. */
  readonly worker: PodWorker | undefined;
  readonly nodeDir: string;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

/** Answers pods/log. Refusals are answered as metav1.Status, in the kubelet's words. */
export async function serveLog(request: LogRequest): Promise<void> {
  const { response, signal } = request;
  try {
    const { path, live } = findLog(request);
    const query = parseQuery(request.query, request.now);
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.flushHeaders();
    for await (const line of readLog(path, live, query, signal)) {
      if (!response.write(line)) await once(response, 'drain', { signal });
    }
    response.end();
  } catch (error) {
    if (signal.aborted) {
      response.destroy();
      return;
    }
    if (!(error instanceof StatusError) || response.headersSent) throw error;
    response.writeHead(error.code, { 'content-type': 'application/json' });
    response.end(JSON.stringify(error.toStatus()));
  }
}

function findLog({ pod, query, worker, nodeDir }: LogRequest) {
  const container = selectContainer(pod, query.get('container'));
  const { name } = pod.metadata;
  const runner = worker?.runners.find(({ spec }) => spec.name === container);
  const status = objectsAt(asJson(pod), 'status', 'containerStatuses').find(
    (each) => each.name === container,
  );
  const current = runner?.restartCount ?? numberAt(status, 'restartCount') ?? 0;
  const directory = logDirectory(nodeDir, pod.metadata.uid ?? '', container);
  if (query.get('previous') === 'true') {
    const path = join(directory, logName(current - 1));
    if (existsSync(path)) return { path, live: undefined };
    throw badRequest(`previous terminated container "${container}" in pod "${name}" not found`);
  }
  const path = join(directory, logName(current));
  if (!existsSync(path)) throw badRequest(notStarted(container, name, status));
  return { path, live: runner?.log?.path === path ? runner.log : undefined };
}

function notStarted(container: string, pod: string, status: JsonObject | undefined): string {
  const reason = stringAt(status, 'state', 'waiting', 'reason');
  const why =
    reason === undefined || reason === 'ContainerCreating'
      ? 'is waiting to start: ContainerCreating'
      : `is waiting to start: ${stringAt(status, 'state', 'waiting', 'message') ?? reason}`;
  return `container "${container}" in pod "${pod}" ${why}`;
}

function parseQuery(query: URLSearchParams, now: number): LogQuery {
  const tailLines = wholeNumber(query, 'tailLines', 0);
  const limitBytes = wholeNumber(query, 'limitBytes', 1);
  const sinceSeconds = wholeNumber(query, 'sinceSeconds', 1);
  const sinceTime = query.get('sinceTime');
  if (sinceSeconds !== undefined && sinceTime !== null) {
    throw badRequest('at most one of `sinceTime` or `sinceSeconds` may be specified');
  }
  const since = sinceTime === null ? undefined : Date.parse(sinceTime);
  if (Number.isNaN(since)) throw badRequest(`sinceTime: Invalid value: "${sinceTime}": must be RFC 3339`);
  const sinceMs = sinceSeconds === undefined ? since : now - sinceSeconds * 1_000;
  return {
    follow: query.get('follow') === 'true',
    timestamps: query.get('timestamps') === 'true',
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
  };
}

function wholeNumber(query: URLSearchParams, name: string, min: number): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && Number.isSafeInteger(value)) return value;
  throw badRequest(`${name}: Invalid value: "${text}": must be a whole number of at least ${min}`);
}
