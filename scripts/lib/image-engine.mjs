import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, SetupError } from './install-and-build.mjs';

/** How much of what an engine printed is kept, to say why it failed. */
const KEPT_OUTPUT_CHARACTERS = 20_000;
const SHOWN_LINES = 15;

/**
 * What builds images here: buildah, which needs no daemon, or docker.
 *
 * @param {{ directory: string, verbose: boolean, signal: AbortSignal }} options `directory` is where buildah keeps
 *   everything that it makes
 * @returns {Buildah | Docker}
 */
export function findEngine(options) {
  if (isThere('buildah')) return new Buildah(options);
  if (isThere('docker')) return new Docker(options);
  throw new SetupError(
    'there is neither buildah nor docker to build the image with',
    'Install one of them, on Debian: apt-get install buildah',
  );
}

/**
 * @typedef {object} ImageBuild
 * @property {string} tag
 * @property {Record<string, string>} buildArgs
 * @property {string | undefined} npmrc file with npm's settings of this user
 * @property {string} npmCache npm's directory of downloads; buildah shares it, docker has layers of its own
 * @property {number} seconds time that files and image get, since 1970
 * @property {boolean} isLocal whether the base images were loaded, and are not to be looked for elsewhere
 */

class Buildah {
  name = 'buildah';
  #options;
  #global;

  constructor(options) {
    this.#options = options;
    const { directory } = options;
    // In chroots and with plain copies it needs neither namespaces nor overlays, so it works within a container, too.
    this.#global = [
      ...['--root', join(directory, 'storage'), '--runroot', join(directory, 'run')],
      ...['--storage-driver', 'vfs'],
    ];
  }

  /** Takes an image from an archive. */
  async load(archive) {
    await this.#run('pull', '--quiet', `docker-archive:${archive}`);
  }

  /** @param {ImageBuild} build */
  async build({ tag, buildArgs, npmrc, npmCache, seconds, isLocal }) {
    await this.#run(
      ...['build', '--isolation', 'chroot', '--layers=false', '--timestamp', String(seconds), '--tag', tag],
      ...(isLocal ? ['--pull=never'] : []),
      ...buildArguments(buildArgs, npmrc),
      ...['--volume', `${npmCache}:/root/.npm`],
      root,
    );
  }

  /** Writes the image to an archive that `docker load`, `podman load` and `ctr images import` read. */
  async save(tag, archive) {
    await this.#run('push', '--quiet', tag, `docker-archive:${archive}:${tag}`);
  }

  #run(...args) {
    return run('buildah', [...this.#global, ...args], {
      ...this.#options,
      env: { TMPDIR: this.#options.directory },
    });
  }
}

class Docker {
  name = 'docker';
  #options;

  constructor(options) {
    this.#options = options;
  }

  async load(archive) {
    await this.#run('load', '--quiet', '--input', archive);
  }

  /** @param {ImageBuild} build */
  async build({ tag, buildArgs, npmrc }) {
    await this.#run('build', '--tag', tag, ...buildArguments(buildArgs, npmrc), root);
  }

  async save(tag, archive) {
    await this.#run('save', '--output', archive, tag);
  }

  #run(...args) {
    return run('docker', args, { ...this.#options, env: { DOCKER_BUILDKIT: '1' } });
  }
}

function buildArguments(buildArgs, npmrc) {
  return [
    ...Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...(npmrc === undefined ? [] : ['--secret', `id=npmrc,src=${npmrc}`]),
  ];
}

function isThere(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** Runs a program to its end, in a process group of its own that ends with `signal`. Throws SetupError. */
function run(program, args, { signal, verbose, env }) {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    const keep = (text) => {
      if (verbose) process.stderr.write(text);
      output = (output + text).slice(-KEPT_OUTPUT_CHARACTERS);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const end = () => endGroup(child.pid);
    signal.addEventListener('abort', end, { once: true });
    child.once('error', reject);
    child.once('close', (code) => {
      signal.removeEventListener('abort', end);
      if (signal.aborted) reject(signal.reason);
      else if (code === 0) resolve(output);
      else reject(engineFailure(program, output));
    });
  });
}

function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** What engines print, and what to say of it; the first that matches is meant. */
const FAILURES = [
  [
    /no space left on device/i,
    'the disk is full',
    'Make room, or name a directory on another disk: TMPDIR=/path npm run image',
  ],
  [/error TS\d+/, 'the sources do not compile', 'Correct them: `npm run build` shows the places, too.'],
  [
    /npm (error|ERR!).*(ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|CERT|certificate|E401|E403)/i,
    'the registry of npm packages does not answer as it should',
    "Check the network, and the registry in npm's settings of this user (`npm config get registry`), which the build uses.",
  ],
  [
    /(initializing source|pinging container registry|pull access denied|failed to resolve source|manifest unknown|image not known|failed to do request)/i,
    'a base image cannot be had',
    'Name images that this machine can pull with --base and --build-base, or make both from this machine: --local-base',
  ],
  [
    /(operation not permitted|newuidmap|permission denied)/i,
    'this user may not build images',
    'Run it as root, or allow the user namespaces (/etc/subuid, /etc/subgid), or have docker.',
  ],
];

/** The failure of an engine, in words for its user. */
export function engineFailure(program, output) {
  const [, message, remedy] = FAILURES.find(([pattern]) => pattern.test(output)) ?? [
    undefined,
    'the build failed',
    'See what it printed; --verbose prints all of it.',
  ];
  const last = output.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n');
  return new SetupError(`${message}; ${program} printed:\n${last}`, remedy);
}
