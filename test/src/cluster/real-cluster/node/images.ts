import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { run } from './commands.js';
import type { Machine } from './machine.js';

/** What holds the namespaces of a pod. */
export const PAUSE_IMAGE = 'rynxs.test/pause:1';
/** A shell and the usual tools, as agents want. */
export const SHELL_IMAGE = 'rynxs.test/shell:1';

/** Hundreds of megabytes are hashed and unpacked, on a machine that may have other things to do. */
const IMPORT_TIMEOUT_MS = 300_000;

/** What a container of the image runs when nobody says otherwise (OCI image specification, config). */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
}

/** What an image is made of besides the tools of busybox. */
export interface ImageContent {
  readonly config: ImageConfig;
  /** Files and directories of this machine, by their paths in the image. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Makes an image with the tools of busybox and puts it on the node, where nothing can be pulled. */
export async function loadImage(
  machine: Machine,
  busybox: string,
  name: string,
  content: ImageContent,
): Promise<void> {
  const directory = mkdtempSync(machine.directory.file('image-'));
  try {
    await importImage(machine, await makeArchive(directory, busybox, name, content));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Puts the images of an archive on the node, as `docker save` or an OCI layout in a tar file has them. */
export async function importImage(machine: Machine, archive: string): Promise<void> {
  await run(machine.inside(['ctr', '--namespace', 'k8s.io', 'images', 'import', archive]), IMPORT_TIMEOUT_MS);
}

/** An archive as `docker save` writes one, which has one layer. */
async function makeArchive(
  directory: string,
  busybox: string,
  name: string,
  { config, files = {} }: ImageContent,
): Promise<string> {
  const root = join(directory, 'root');
  await makeRoot(root, busybox);
  for (const [path, source] of Object.entries(files)) {
    cpSync(source, join(root, path), { recursive: true, dereference: true });
  }
  await run(['tar', '-cf', join(directory, 'layer.tar'), '-C', root, '--owner=0', '--group=0', '.']);
  const digest = createHash('sha256')
    .update(readFileSync(join(directory, 'layer.tar')))
    .digest('hex');
  const image = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
  };
  writeFileSync(join(directory, 'config.json'), JSON.stringify(image));
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }];
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify(manifest));
  const archive = join(directory, 'image.tar');
  await run(['tar', '-cf', archive, '-C', directory, 'manifest.json', 'config.json', 'layer.tar']);
  return archive;
}

async function makeRoot(root: string, busybox: string): Promise<void> {
  for (const name of ['bin', 'etc', 'home', 'tmp']) mkdirSync(join(root, name), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  copyFileSync(busybox, join(root, 'bin/busybox'));
  for (const tool of (await run([busybox, '--list'])).trim().split('\n')) {
    if (tool !== 'busybox') symlinkSync('busybox', join(root, 'bin', tool));
  }
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n');
}
