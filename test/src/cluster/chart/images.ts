import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../../rynxs-process.js';
import type { RunningNode } from '../real-cluster/node/node.js';
import { programOf } from '../real-cluster/programs.js';
import { sharedLibraries } from './shared-libraries.js';

/** An S3 server that is not the one that the chart brings. */
export const VERSITYGW_IMAGE = 'rynxs.test/versitygw:1';

const PLUGIN = join(ROOT, 'examples/plugins/store-sqlite');

/** Puts versitygw on the node. */
export async function loadVersitygw(node: RunningNode): Promise<void> {
  await loadProgram(node, VERSITYGW_IMAGE, 'versitygw', programOf('RYNXS_TEST_VERSITYGW'));
}

/** Puts a MinIO on the node that was built from its sources, by the name of the image that the chart pins. */
export async function loadMinio(node: RunningNode): Promise<void> {
  const { repository, tag } = valuesOf('values.yaml').minio.image;
  await loadProgram(node, `${repository}:${tag}`, 'minio', programOf('RYNXS_TEST_MINIO'));
}

/** Puts the example of a plugin on the node, in an image of its own as the chart's example has it. */
export function loadStoreSqlite(node: RunningNode): Promise<void> {
  const files = ['package.json', 'src'].map((name) => [`plugin/${name}`, join(PLUGIN, name)]);
  return node.loadImage(pluginImage(), {
    config: { Cmd: ['/bin/sh'], Env: ['PATH=/bin'] },
    files: Object.fromEntries(files),
  });
}

/** Puts a program of this machine on the node, with a shell and the libraries that it needs. */
function loadProgram(node: RunningNode, image: string, name: string, program: string): Promise<void> {
  return node.loadImage(image, {
    config: { Cmd: ['/bin/sh'], Env: ['PATH=/usr/bin:/bin'] },
    files: { ...sharedLibraries(program), [`usr/bin/${name}`]: program },
  });
}

function pluginImage(): string {
  return valuesOf('examples/third-party-plugin.yaml').pluginImages[0].image;
}

function valuesOf(file: string) {
  return parse(readFileSync(join(ROOT, 'helm/rynxs', file), 'utf8'));
}
