import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const run = promisify(execFile);
export const root = fileURLToPath(new URL('../..', import.meta.url));
export const example = join(root, 'examples/plugins/store-sqlite');

/** What `npm install` of the example's package.json would put into its node_modules. */
const DEVELOPMENT = [
  '@rynxs/kernel',
  '@rynxs/log',
  'chai',
  'mocha',
  '@types/chai',
  '@types/mocha',
  '@types/node',
];

/** Where somebody outside of this repository has the example. */
export interface Outside {
  /** A directory of somebody who uses the plugin: it is installed there from what would be published. */
  readonly user: string;
  /** A copy of the example, as its author works on it. */
  readonly author: string;
  readonly directory: string;
}

/** Brings the example out of this repository, to its author and, packed as for publishing, to a user. */
export async function bringOutside(): Promise<Outside> {
  const directory = await mkdtemp(join(tmpdir(), 'rynxs-example-'));
  const author = join(directory, 'rynxs-store-sqlite');
  const user = join(directory, 'user');
  await cp(example, author, { recursive: true, filter: (path) => !path.includes('node_modules') });
  await link(author, DEVELOPMENT);
  await run('npm', ['pack', '--silent', '--pack-destination', directory], { cwd: author });
  const [archive = ''] = (await readdir(directory)).filter((name) => name.endsWith('.tgz'));
  await link(user, ['@rynxs/kernel', '@rynxs/log']);
  const installed = join(user, 'node_modules/rynxs-store-sqlite');
  await mkdir(installed);
  await run('tar', ['-xzf', join(directory, archive), '-C', installed, '--strip-components', '1']);
  return { user, author, directory };
}

async function link(project: string, packages: readonly string[]): Promise<void> {
  for (const name of packages) {
    const place = join(project, 'node_modules', name);
    await mkdir(dirname(place), { recursive: true });
    await symlink(join(root, 'node_modules', name), place);
  }
}
