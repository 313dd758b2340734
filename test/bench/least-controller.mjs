import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import Pool from 'undici/lib/dispatcher/pool.js';
import { readKubeconfig } from '../dist/cluster/real-cluster/kubeconfig.js';
import { named } from './named.mjs';

/**
 * The least that a controller of Agents in Node.js can be, for the benchmarks to be held against: it keeps what lists and
 * watches tell of an Agent's kinds, makes the children of each Agent that it sees and writes its status. No log, no
 * decisions, no comparison, no retries: what fails ends it. Started with a JSON file:
 *
 * @typedef {object} Work
 * @property {string} kubeconfig
 * @property {string} agents the path of the Agents' collection
 * @property {string} name the Agent that `children` are of
 * @property {[path: string, child: object][]} children collections, and what each Agent gets there, under its own name
 * @property {object} status written when the children are made
 * @property {{ path: string, status: object }} [ready] written when the condition Available of the object there is True
 * @property {string[]} [watched] collections that are watched besides
 */

const CONNECTIONS = 8; // as many as the operator has
const AGENTS_AT_ONCE = 16;

const [workFile, healthPort] = process.argv.slice(2);
/** @type {Work} */
const work = JSON.parse(readFileSync(workFile, 'utf8'));
const { server, credentials } = readKubeconfig(work.kubeconfig);
const requests = pool(CONNECTIONS);
const collections = new Map();
const queue = [];
const answered = new Set();
let underway = 0;

for (const path of [work.agents, ...work.children.map(([path]) => path), ...(work.watched ?? [])]) {
  collections.set(path, new Map());
}
const versions = await Promise.all([...collections.keys()].map(list));
for (const [index, path] of [...collections.keys()].entries()) watch(path, versions[index]);
for (const agent of collections.get(work.agents).values()) look(agent);
createServer((_request, response) => response.end()).listen(Number(healthPort), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));

function pool(connections) {
  return new Pool(server.url, {
    connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { ca: server.ca, ...credentials },
  });
}

/** One request; its answer, parsed. */
function ask(method, path, body) {
  const headers = body === undefined ? {} : { 'content-type': contentType(method) };
  const options = { method, path, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  return new Promise((resolve, reject) => {
    const chunks = [];
    let status;
    requests.dispatch(options, {
      onRequestStart() {},
      onResponseStart(_controller, code) {
        status = code;
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        const text = Buffer.concat(chunks).toString();
        if (status < 300) resolve(JSON.parse(text));
        else reject(new Error(`${method} ${path}: ${status} ${text}`));
      },
      onResponseError: (_controller, error) => reject(error),
    });
  });
}

function contentType(method) {
  return method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
}

async function list(path) {
  const { items, metadata } = await ask('GET', path);
  const known = collections.get(path);
  for (const item of items) known.set(item.metadata.name, item);
  return metadata.resourceVersion;
}

function watch(path, version) {
  const known = collections.get(path);
  let rest = '';
  pool(1).dispatch(
    { method: 'GET', path: `${path}?watch=1&resourceVersion=${version}&timeoutSeconds=3600` },
    {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData(_controller, chunk) {
        const lines = (rest + chunk.toString()).split('\n');
        rest = lines.pop();
        for (const line of lines) take(path, known, JSON.parse(line));
      },
      onResponseEnd() {
        throw new Error(`the watch of ${path} ended`);
      },
      onResponseError: (_controller, error) => {
        throw error;
      },
    },
  );
}

function take(path, known, { type, object }) {
  const { name } = object.metadata;
  if (type === 'DELETED') {
    known.delete(name);
    if (path === work.agents) answered.delete(name);
    return;
  }
  known.set(name, object);
  if (path === work.agents && type === 'ADDED') look(object);
  if (path === work.ready?.path && isAvailable(object)) tell(name, work.ready.status);
}

function isAvailable({ status }) {
  return status?.conditions?.some(({ type, status }) => type === 'Available' && status === 'True') === true;
}

/** Each Agent once, so many at a time. */
function look(agent) {
  queue.push(agent);
  if (underway < AGENTS_AT_ONCE) make();
}

async function make() {
  underway += 1;
  for (let agent = queue.shift(); agent !== undefined; agent = queue.shift()) {
    const { name, uid } = agent.metadata;
    const ownerReferences = [
      {
        apiVersion: agent.apiVersion,
        kind: agent.kind,
        name,
        uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ];
    for (const [path, template] of work.children) {
      if (collections.get(path).has(name)) continue;
      const child = named(template, work.name, name);
      await ask('POST', path, { ...child, metadata: { ...child.metadata, ownerReferences } });
    }
    if (agent.status?.observedGeneration === undefined) await status(name, work.status);
  }
  underway -= 1;
}

function tell(name, wanted) {
  if (answered.has(name)) return;
  answered.add(name);
  status(name, wanted);
}

function status(name, wanted) {
  return ask('PATCH', `${work.agents}/${name}/status`, { status: wanted });
}
