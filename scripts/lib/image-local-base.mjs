import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { nodeBinary, SetupError } from './install-and-build.mjs';

/** Where systems keep the certificates of authorities: Debian, Fedora, Alpine. */
const CERTIFICATES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
];
const IMAGE_CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
const PATH = '/nodejs/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Makes stand-ins for both base images out of this machine, for where nothing can be pulled: one to run in, with Node, the
 * libraries that it is linked with and certificates, at the paths that distroless images have; and one to build in, which
 * has npm and a shell besides. Throws SetupError when something for it is missing here.
 *
 * @param {string} directory where the archives are written
 * @returns {{ base: { name: string, archive: string }, build: { name: string, archive: string } }}
 */
export function makeLocalBases(directory) {
  const found = requireParts();
  const root = join(directory, 'root');
  const tag = found.version;
  try {
    addRunTime(root, found);
    const base = archiveOf(root, {
      name: `localhost/rynxs-base:${tag}`,
      archive: join(directory, 'base.tar'),
      config: {
        Env: [`PATH=${PATH}`, `SSL_CERT_FILE=${IMAGE_CERTIFICATES}`],
        User: '65532',
        Entrypoint: ['/nodejs/bin/node'],
      },
    });
    addTools(root, found);
    const build = archiveOf(root, {
      name: `localhost/rynxs-build:${tag}`,
      archive: join(directory, 'build.tar'),
      config: { Env: [`PATH=${PATH}`, `NODE_EXTRA_CA_CERTS=${IMAGE_CERTIFICATES}`] },
    });
    return { base, build };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function requireParts() {
  if (process.platform !== 'linux') {
    throw new SetupError(
      `local bases are made on Linux only, and this is ${process.platform}`,
      'Name images with --base and --build-base, or leave both out to pull the usual ones.',
    );
  }
  if (!existsSync(nodeBinary)) throw new SetupError('the dependencies are not installed', 'Run `npm ci`.');
  const version = execFileSync(nodeBinary, ['--version'], { encoding: 'utf8' }).trim().slice(1);
  const busybox = onPath('busybox');
  if (busybox === undefined) {
    throw new SetupError(
      'there is no busybox on PATH',
      'Install it, on Debian: apt-get install busybox-static',
    );
  }
  const certificates = CERTIFICATES.find((path) => existsSync(path));
  if (certificates === undefined) {
    throw new SetupError(
      'this system has no certificates of authorities',
      'Install them, on Debian: apt-get install ca-certificates',
    );
  }
  return { version, busybox, certificates, npm: npmDirectory() };
}

/** The npm that runs this script, or the one on PATH; one that has its dependencies with it. */
function npmDirectory() {
  const running = process.env.npm_execpath;
  const command = running?.endsWith('npm-cli.js') ? running : onPath('npm');
  const directory = command === undefined ? undefined : dirname(dirname(realpathSync(command)));
  if (directory !== undefined && existsSync(join(directory, 'node_modules'))) return directory;
  throw new SetupError(
    'there is no npm here that could be copied: one with its dependencies in its own directory',
    'Install Node.js from https://nodejs.org or NodeSource rather than in parts.',
  );
}

function onPath(program) {
  const { stdout } = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' });
  return stdout?.trim() || undefined;
}

function addRunTime(root, { certificates }) {
  for (const path of ['nodejs/bin', 'etc/ssl/certs', 'home/nonroot', 'tmp', 'root']) {
    mkdirSync(join(root, path), { recursive: true });
  }
  chmodSync(join(root, 'tmp'), 0o1777);
  copyFileSync(realpathSync(nodeBinary), join(root, 'nodejs/bin/node'));
  for (const library of librariesOf(nodeBinary)) {
    mkdirSync(dirname(join(root, library)), { recursive: true });
    copyFileSync(realpathSync(library), join(root, library));
  }
  copyFileSync(realpathSync(certificates), join(root, IMAGE_CERTIFICATES));
  const users = [
    'root:x:0:0:root:/root:/sbin/nologin',
    'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin',
  ];
  writeFileSync(join(root, 'etc/passwd'), `${users.join('\n')}\n`);
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnonroot:x:65532:\n');
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');
}

function addTools(root, { busybox, npm }) {
  for (const path of ['bin', 'usr']) mkdirSync(join(root, path), { recursive: true });
  copyFileSync(busybox, join(root, 'bin/busybox'));
  for (const tool of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
    if (tool !== 'busybox') symlinkSync('busybox', join(root, 'bin', tool));
  }
  symlinkSync('../bin', join(root, 'usr/bin'));
  cpSync(npm, join(root, 'nodejs/lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'nodejs/bin/npm'));
}

/** Paths of the libraries that the loader takes for a program, and of the loader itself (ldd(1)). */
function librariesOf(program) {
  const lines = execFileSync('ldd', [program], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1]).filter((path) => path !== undefined);
}

/** Writes an image of one layer as `docker save` would, and the same for the same files. */
function archiveOf(root, { name, archive, config }) {
  const directory = `${archive}.parts`;
  mkdirSync(directory);
  const layer = join(directory, 'layer.tar');
  tar(layer, root, ['.']);
  const image = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: new Date(0).toISOString(),
    config,
    history: [{ created: new Date(0).toISOString(), created_by: 'npm run image -- --local-base' }],
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
  };
  writeFileSync(join(directory, 'config.json'), JSON.stringify(image));
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }];
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify(manifest));
  tar(archive, directory, ['manifest.json', 'config.json', 'layer.tar']);
  rmSync(directory, { recursive: true });
  return { name, archive };
}

function tar(file, directory, members) {
  execFileSync('tar', [
    ...[
      '-cf',
      file,
      '-C',
      directory,
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--sort=name',
      '--mtime=@0',
    ],
    ...members,
  ]);
}

function sha256(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
