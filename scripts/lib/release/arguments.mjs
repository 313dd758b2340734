import { parseArgs } from 'node:util';
import { Precondition } from './errors.mjs';

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** What every script takes, as its --help shows it. */
export const COMMON_USAGE = `Where:
  --release NAME           an installed release to use; without it, the chart is installed into a namespace of its own
  --namespace NAME         of the release; without --release a new one, which is removed at the end
  --agents-namespace NAME  an existing namespace for the script's Agents; without it, one is made and removed
  --context NAME           context of the kubeconfig (KUBECONFIG, else ~/.kube/config)

What is installed, without --release:
  --chart DIR              default helm/rynxs of this working copy
  --values FILE            values for the chart, over those that the script needs; may be given several times
  --image IMAGE            of the operator: repository:tag or repository@sha256:…; default as in the chart
  --s3-image IMAGE         of the S3 server in the cluster (minio.image); default as in the chart

Of the Agents:
  --agent-image IMAGE      default python:3.11-slim
  --suspended              Agents whose computers are stopped: no image is pulled, and no volume is bound

How:
  --timeout SECONDS        how long each wait may take; default 120
  --keep                   leave everything as it is at the end, and say what that is
  --output text|json       progress goes to stderr with json; default text

kubectl and helm are found on PATH, or named by KUBECTL and HELM. Nothing else is needed.
Exit codes: 0 passed, 1 failed, 2 bad arguments or something is missing, 130 interrupted. What was made is removed in any case.
`;

const COMMON = {
  release: { type: 'string' },
  namespace: { type: 'string' },
  'agents-namespace': { type: 'string' },
  context: { type: 'string' },
  chart: { type: 'string' },
  values: { type: 'string', multiple: true, default: [] },
  image: { type: 'string' },
  's3-image': { type: 'string' },
  'agent-image': { type: 'string', default: 'python:3.11-slim' },
  suspended: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '120' },
  keep: { type: 'boolean', default: false },
  output: { type: 'string', default: 'text' },
  help: { type: 'boolean', short: 'h', default: false },
};
/** They say how to install, so they mean nothing to a release that is there. */
const OF_INSTALLATION = ['chart', 'image', 's3-image'];

/**
 * Reads the arguments of a script. `own` are its options besides the common ones, each with what reads its text; those that
 * take none have nothing that reads.
 *
 * @param {readonly string[]} args
 * @param {Record<string, { default: string | boolean, read?: (text: string, option: string) => unknown }>} own
 * @throws {Precondition} for what cannot be meant
 */
export function readArguments(args, own = {}) {
  const options = { ...COMMON };
  for (const [name, { default: byDefault, read }] of Object.entries(own))
    options[name] = { type: read === undefined ? 'boolean' : 'string', default: byDefault };
  const values = parse(args, options);
  if (values.help) return { help: true };
  const settings = {
    help: false,
    ...values,
    agentsNamespace: values['agents-namespace'],
    s3Image: values['s3-image'],
    agentImage: values['agent-image'],
    timeoutMs: wholeNumber(1, 86_400)(values.timeout, 'timeout') * 1000,
    output: oneOf(['text', 'json'])(values.output, 'output'),
  };
  for (const [name, { read = (value) => value }] of Object.entries(own))
    settings[camelCase(name)] = read(values[name], name);
  check(settings, values);
  return settings;
}

function parse(args, options) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw wrong(error.message);
  }
}

function check({ release, namespace, agentsNamespace }, values) {
  for (const [option, name] of Object.entries({ release, namespace, 'agents-namespace': agentsNamespace })) {
    if (name !== undefined && !NAME.test(name)) {
      throw wrong(
        `--${option} must be a name of Kubernetes (a-z, 0-9 and hyphens), not ${JSON.stringify(name)}`,
      );
    }
  }
  if (release === undefined) return;
  if (namespace === undefined) throw wrong('--release needs --namespace, which says where the release is');
  const useless = OF_INSTALLATION.filter((name) => values[name] !== undefined);
  if (values.values.length > 0) useless.push('values');
  if (useless.length > 0) {
    throw wrong(
      `--${useless.join(', --')}: nothing is installed where --release names what is installed already`,
    );
  }
}

function wrong(message) {
  return new Precondition(message, 'See --help.');
}

/** Reads a whole number. */
export function wholeNumber(least, most) {
  return (text, option) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw wrong(`--${option} must be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
  };
}

/** Reads a number, which may have decimals. */
export function number(least, most) {
  return (text, option) => {
    const found = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && found >= least && found <= most) return found;
    throw wrong(`--${option} must be a number from ${least} to ${most}, not ${JSON.stringify(text)}`);
  };
}

/** Reads one of some words. */
export function oneOf(words) {
  return (text, option) => {
    if (words.includes(text)) return text;
    throw wrong(`--${option} must be one of ${words.join(', ')}, not ${JSON.stringify(text)}`);
  };
}

/** Reads some of some words, separated by commas. */
export function someOf(words) {
  const read = oneOf(words);
  return (text, option) => text.split(',').map((word) => read(word.trim(), option));
}

function camelCase(name) {
  return name.replaceAll(/-(.)/g, (_, letter) => letter.toUpperCase());
}
