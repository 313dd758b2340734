import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure, Precondition } from './errors.mjs';
import { makeNamespace, uniqueName } from './namespace.mjs';
import { runProgram } from './program.mjs';
import { describeTrouble } from './trouble.mjs';

const CHART = fileURLToPath(new URL('../../../helm/rynxs', import.meta.url));
const RELEASE = 'rynxs';
const CRDS = ['agents', 'sessions', 'universes'].map((plural) => `${plural}.universe.ai`);
const CRD_PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
/** Of every object of the chart. */
const CHART_LABEL = 'app.kubernetes.io/name=rynxs';
/** The operator's container in its pod; other Deployments of the chart have none of that name. */
export const CONTAINER = 'operator';
/** What Helm may take longer than what it waits for. */
const HELM_MARGIN_MS = 30_000;

/**
 * The release that a script works on: the one that is named, else one that is installed now and removed at the end.
 *
 * @param {import('./script.mjs').Run} run
 * @param {{ script: string, values: object }} options the values that the script needs, where it installs
 * @returns {Promise<{ release: string, namespace: string, isInstalled: boolean }>} `isInstalled` where the script did it
 */
export async function releaseFor(run, { script, values }) {
  const { settings, report } = run;
  const { release = RELEASE } = settings;
  if (settings.release !== undefined) return { release, namespace: settings.namespace, isInstalled: false };
  const namespace = settings.namespace ?? uniqueName(`rynxs-${script}`);
  await refuseNeighbours(run);
  const chart = chartOf(settings);
  const helm = await helmVersion(run);
  await makeNamespace(run, namespace);
  await rememberCrds(run);
  await report.step(
    `helm install ${release} in ${namespace}`,
    () => install(run, { release, namespace, chart, values }),
    () => `Helm ${helm}`,
  );
  return { release, namespace, isInstalled: true };
}

/** Two operators that work on the same Agents would hinder each other. */
async function refuseNeighbours({ cluster, signal }) {
  const found = await cluster.list(`/apis/apps/v1/deployments?labelSelector=${CHART_LABEL}`, signal);
  const [other] = found.filter(isOperator);
  if (other === undefined) return;
  const { namespace, name, labels } = other.metadata;
  const release = labels['app.kubernetes.io/instance'];
  throw new Precondition(
    `there is an operator in this cluster already: ${namespace}/${name}`,
    `Use it (--release ${release} --namespace ${namespace}), or another cluster.`,
  );
}

export function isOperator(deployment) {
  return deployment.spec.template.spec.containers.some(({ name }) => name === CONTAINER);
}

function chartOf({ chart = CHART }) {
  if (existsSync(resolve(chart, 'Chart.yaml'))) return resolve(chart);
  throw new Precondition(`${chart} is no chart`, 'Name the directory of the chart with --chart.');
}

async function helmVersion(run) {
  const { stdout } = await helm(run, ['version', '--short']);
  return stdout.trim();
}

async function install(run, { release, namespace, chart, values }) {
  const { settings, cluster, cleanUp, signal } = run;
  const where = ['--namespace', namespace, '--wait', '--timeout', `${settings.timeoutMs / 1000}s`];
  cleanUp.add(`helm uninstall ${release}`, async (ending) => {
    await helm({ settings, signal: ending }, ['uninstall', release, ...where]).catch(unlessThereIsNone);
  });
  const files = settings.values.flatMap((file) => ['--values', resolve(file)]);
  const args = ['install', release, chart, ...where];
  try {
    await helm(run, [...args, '--values', '-', ...files], JSON.stringify(merged(values, imagesOf(settings))));
  } catch (error) {
    signal.throwIfAborted();
    throw new Failure(`${error.message}\n${await describeTrouble(cluster, namespace, signal)}`);
  }
}

/** What was never installed cannot be uninstalled, which is as well. */
function unlessThereIsNone(error) {
  if (!error.message.includes('not found')) throw error;
}

async function helm({ settings, signal }, args, input) {
  const program = process.env.HELM ?? 'helm';
  const context = settings.context === undefined ? [] : ['--kube-context', settings.context];
  const timeoutMs = settings.timeoutMs + HELM_MARGIN_MS;
  const ended = await runProgram(program, [...args, ...context], { signal, input, timeoutMs });
  if (ended.status === 0) return ended;
  throw new Failure(`helm ${args[0]} failed: ${ended.stderr.trim()}`);
}

/** Values for the images that the arguments name. */
export function imagesOf({ image, s3Image }) {
  return {
    ...(image === undefined ? {} : { image: imageValues(image) }),
    ...(s3Image === undefined ? {} : { minio: { image: imageValues(s3Image) } }),
  };
}

/** Of `repository:tag`, `repository@sha256:…` or `repository`, where the repository may have a port. */
function imageValues(name) {
  const [withTag, digest] = name.split('@');
  const [, repository, tag] = /^(.*?)(?::([^:/]+))?$/.exec(withTag);
  return { repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** Values over others, as Helm merges them. */
export function merged(values, over) {
  const result = { ...values };
  for (const [name, value] of Object.entries(over)) {
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    result[name] = isMap ? merged(values[name] ?? {}, value) : value;
  }
  return result;
}

/** Helm installs the definitions and never removes them: those that were not there before go, when nothing uses them. */
async function rememberCrds({ cluster, cleanUp, signal }) {
  for (const name of CRDS) {
    if ((await cluster.get(`${CRD_PATH}/${name}`, signal)) !== undefined) continue;
    cleanUp.add(`delete the definition ${name}, unless somebody uses it`, async (ending) => {
      const [plural] = name.split('.');
      const used = await cluster.request('GET', `/apis/universe.ai/v1alpha1/${plural}?limit=1`, {
        signal: ending,
      });
      if (used.status === 200 && used.body.items.length === 0) {
        await cluster.remove(`${CRD_PATH}/${name}`, ending);
      }
    });
  }
}
