import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { definitions } from '@rynxs/agent-sandbox';
import { type KubernetesObject, Projection, type ResourceType } from '@rynxs/kernel';
import type { JsonMap, LogEvent } from '@rynxs/log';
import { parseAllDocuments } from 'yaml';
import type { ApiClient, Json } from './conformance/api-client.js';
import { tenancyReconcilers } from './determinism/random-tenancy.js';
import { ROOT } from './rynxs-process.js';

// The files in test/bad-examples: what users may write by mistake, and what they are told.

const DIRECTORY = join(ROOT, 'test/bad-examples');
const NAMESPACE = 'bad-examples';
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export interface BadExample {
  /** `agents/empty-image`. */
  readonly name: string;
  readonly resource: ResourceType;
  /** All but the last are accepted; that one must be refused. */
  readonly documents: readonly KubernetesObject[];
  /** What the API server says; absent where it cannot know. */
  readonly byServer: string | undefined;
  /** What the operator says, which trusts no API server. */
  readonly byOperator: string | undefined;
}

/** All examples, by kind. */
export function badExamples(): readonly BadExample[] {
  return tenancyReconcilers().flatMap(({ resource }) =>
    readdirSync(join(DIRECTORY, resource.plural)).map((file) => {
      const text = readFileSync(join(DIRECTORY, resource.plural, file), 'utf8');
      const line = (who: string) => new RegExp(`^# Refused by the ${who}: (.+)$`, 'm').exec(text)?.[1];
      return {
        name: `${resource.plural}/${file.replace('.yaml', '')}`,
        resource,
        documents: parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject),
        byServer: line('API server'),
        byOperator: line('operator'),
      };
    }),
  );
}

/** What the operator says of each document after it was observed; undefined when it accepts it. */
export function operatorsAnswers({ resource, documents }: BadExample): readonly (string | undefined)[] {
  const projection = new Projection(tenancyReconcilers());
  const configuration = { defaultWorkspaceSize: '1Gi' };
  record(projection, 0, 'ConfigurationObserved', 'log', {
    reconcilers: { agent: { version: 1, configuration } },
  });
  return documents.map((document, index) => {
    const { name } = document.metadata;
    const id = resource.namespaced ? `${resource.plural}/default/${name}` : `${resource.plural}/${name}`;
    const metadata = { ...document.metadata, creationTimestamp: '2026-01-01T00:00:00Z' };
    record(projection, index + 1, `${resource.kind}Observed`, id, {
      uid: 'uid',
      generation: index + 1,
      spec: projection.reconcilerOf(id)?.observe({ ...document, metadata }) ?? {},
    });
    return (projection.get(id)?.state as { refusal?: { message: string } } | undefined)?.refusal?.message;
  });
}

/** The API server's answers to the documents, applied as kubectl does, one after the other. */
export async function serversAnswers(
  api: ApiClient,
  { resource, documents }: BadExample,
): Promise<readonly { readonly code: number; readonly message: string }[]> {
  const { group, version, plural, namespaced } = resource;
  const path = `/apis/${group}/${version}/${namespaced ? `namespaces/${NAMESPACE}/` : ''}${plural}`;
  const answers: { readonly code: number; readonly message: string }[] = [];
  let known: Json;
  for (const document of documents) {
    const { body, code } =
      known === undefined
        ? await api.call('POST', `${path}?fieldValidation=Strict`, document)
        : await api.call('PUT', `${path}/${document.metadata.name}?fieldValidation=Strict`, {
            ...document,
            metadata: { ...document.metadata, resourceVersion: known.metadata.resourceVersion },
          });
    if (code < 300) known = body;
    answers.push({ code, message: String(body?.message ?? '') });
  }
  if (known !== undefined) await api.ok('DELETE', `${path}/${known.metadata.name}`);
  return answers;
}

/** Installs the definitions and the namespace that the examples need. */
export async function prepareExamples(api: ApiClient): Promise<void> {
  await api.call('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  for (const definition of definitions) {
    await api.call('POST', DEFINITIONS, definition);
    for (let tries = 0; ; tries += 1) {
      const { status } = await api.ok('GET', `${DEFINITIONS}/${definition.metadata.name}`);
      const conditions = (status?.conditions ?? []) as readonly JsonMap[];
      if (conditions.some(({ type, status: holds }) => type === 'Established' && holds === 'True')) break;
      if (tries > 1_000) throw new Error(`${definition.metadata.name} is never established`);
    }
  }
}

function record(
  projection: Projection,
  seq: number,
  type: string,
  aggregateId: string,
  payload: JsonMap,
): void {
  const event: LogEvent = {
    aggregate_id: aggregateId,
    hash_version: 'v3',
    meta: { batch: 'b', end: true, epoch: 1, trace_id: 't', writer: 'w' },
    payload: { v: 1, ...payload },
    seq,
    ts: '2026-01-01T00:00:00.000Z',
    type,
  };
  projection.apply({ event, hash: String(seq) });
}
