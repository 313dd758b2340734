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
  for (const { spec } of definitions)
    for (const { name } of spec.versions)
      await untilServed(api, `/apis/${spec.group}/${name}/${spec.names.plural}`);
}

/**
 * Resolves when the objects at a path can be listed: a definition that is established is answered with 404 and 429 for a moment yet,
 * also after each change of it. If it is deleted in that moment, Kubernetes 1.34 takes minutes; no reader is as quick as that.
 */
export async function untilServed(api: ApiClient, path: string): Promise<void> {
  const isServed = async () => (await api.send('GET', path)).status === 200;
  if (!(await until(isServed, TIMEOUT_MS))) throw new Error(`the API server does not serve ${path}`);
}

async function install(api: ApiClient, definition: Definition): Promise<void> {
  const created = await api.send('POST', DEFINITIONS, definition);
  if (created.status < 300) return;
  if (created.status !== 409) throw new ApiRefusal('POST', DEFINITIONS, created);
  const path = `${DEFINITIONS}/${definition.metadata.name}`;
  const { resourceVersion } = (await api.must('GET', path)).metadata;
  await api.must('PUT', path, { ...definition, metadata: { ...definition.metadata, resourceVersion } });
}
