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
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string }[];
  };
}

/** Installs the custom resources of Rynxs, or updates them, and resolves when they are served. */
export async function installCrds(api: ApiClient): Promise<void> {
  const definitions = readdirSync(DIRECTORY).map(
    (file): Definition => parse(readFileSync(join(DIRECTORY, file), 'utf8')),
  );
  for (const definition of definitions) await install(api, definition);
  for (const definition of definitions) {
    const isInTime = await until(() => isServed(api, definition), TIMEOUT_MS);
    if (!isInTime) throw new Error(`the API server does not serve ${definition.metadata.name}`);
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

/** Whether objects can be listed: a definition that is established is answered with 404 and 429 for a moment yet. */
async function isServed(api: ApiClient, { spec }: Definition): Promise<boolean> {
  const answers = await Promise.all(
    spec.versions.map(({ name }) => api.send('GET', `/apis/${spec.group}/${name}/${spec.names.plural}`)),
  );
  return answers.every(({ status }) => status === 200);
}
