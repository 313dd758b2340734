import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../../rynxs-process.js';
import { type ApiClient, ApiRefusal } from './api-client.js';
import { until } from './processes.js';

const DIRECTORY = join(ROOT, 'helm/rynxs/crds');
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const TIMEOUT_MS = 30_000;

interface Definition {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Installs the custom resources of Rynxs, or updates them, and resolves when they are served. */
export async function installCrds(api: ApiClient): Promise<void> {
  const definitions = readdirSync(DIRECTORY).map(
    (file): Definition => parse(readFileSync(join(DIRECTORY, file), 'utf8')),
  );
  for (const definition of definitions) await install(api, definition);
  for (const { metadata } of definitions) {
    const isServed = await until(() => isEstablished(api, metadata.name), TIMEOUT_MS);
    if (!isServed) throw new Error(`the API server does not serve ${metadata.name}`);
  }
}

async function install(api: ApiClient, definition: Definition): Promise<void> {
  const created = await api.send('POST', DEFINITIONS, definition);
  if (created.status < 300) return;
  if (created.status !== 409) throw new ApiRefusal('POST', DEFINITIONS, created);
  const path = `${DEFINITIONS}/${definition.metadata.name}`;
  const { resourceVersion } = (await api.must('GET', path)).metadata;
  await api.must('PUT', path, { ...definition, metadata: { ...definition.metadata, resourceVersion } });
}

async function isEstablished(api: ApiClient, name: string): Promise<boolean> {
  const { status } = await api.must<Definition>('GET', `${DEFINITIONS}/${name}`);
  return status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True') ?? false;
}
