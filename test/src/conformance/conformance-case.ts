import { expect } from 'chai';
import type { ApiAnswer, ApiClient, ApiWatch, Json } from './api-client.js';

/** What some cases need besides an API server. */
export type Provision = 'controllers' | 'node';

export interface CaseContext {
  readonly api: ApiClient;
  /** A namespace of the area's own; its cases share it, so each names its objects by itself. */
  readonly namespace: string;
  /** An image with /bin/sh and cat. */
  readonly image: string;
  /** A resource version of ConfigMaps that is too old to watch from. */
  readonly expiredVersion: () => string;
  /** Done when the area's cases have run, newest first. */
  readonly cleanUp: (() => Promise<unknown>)[];
}

/** One fact about the API. */
export interface ConformanceCase {
  readonly title: string;
  readonly needs?: Provision;
  run(context: CaseContext): Promise<void>;
}

/** Cases about one thing. */
export interface Area {
  readonly name: string;
  readonly cases: readonly ConformanceCase[];
}

/** A case; the order of arguments reads as a specification. */
export function fact(
  title: string,
  run: (context: CaseContext) => Promise<void>,
  needs?: Provision,
): ConformanceCase {
  return { title, run, ...(needs === undefined ? {} : { needs }) };
}

const POLL_MS = 10;

/** Waits until a condition holds; throws after `timeoutMs`. */
export async function untilAsync(
  condition: () => Promise<boolean>,
  what: string,
  timeoutMs = 15_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Asserts a refusal: a metav1.Status with its code, reason and message. Returns its body. */
export function refused(
  { code, body, text }: ApiAnswer,
  expectedCode: number,
  reason: string,
  message?: string | RegExp,
): Json {
  expect(code, text).to.equal(expectedCode);
  expect(body, text).to.include({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code });
  if (typeof message === 'string') expect(body.message).to.equal(message);
  else if (message !== undefined) expect(body.message).to.match(message);
  return body;
}

/** Asserts that an answer is no refusal. Returns its body. */
export function accepted({ code, body, text }: ApiAnswer, expectedCode = 200): Json {
  expect(code, text).to.equal(expectedCode);
  return body;
}

/** The causes of a refusal, one line each: `spec.replicas: Invalid value: …`. Some servers give some of them twice. */
export function causesOf(status: Json): string[] {
  const causes: { field?: string; message: string }[] = status.details?.causes ?? [];
  return [...new Set(causes.map(({ field, message }) => `${field}: ${message}`))];
}

/** The next events of a watch but for bookmarks, each as `TYPE name`. */
export async function eventsOf(watch: ApiWatch, count: number): Promise<string[]> {
  const events: string[] = [];
  while (events.length < count) {
    const event = await watch.next();
    if (event === undefined) break;
    if (event.type !== 'BOOKMARK') events.push(`${event.type} ${event.object.metadata?.name}`);
  }
  return events;
}
