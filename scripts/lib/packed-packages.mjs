import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packages as projectFolders } from './install-and-build.mjs';

/**
 * Packs every workspace as `npm publish` would, into a temporary directory that `remove` removes.
 *
 * @param {string} root
 * @returns {{ packages: { name: string, folder: string, tarball: string, files: string[] }[], remove: () => void }}
 */
export function packWorkspaces(root) {
  const directory = mkdtempSync(join(tmpdir(), 'rynxs-packed-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const folders = projectFolders().filter((folder) => folder !== 'test');
  const { status, stdout, stderr, error } = spawnSync(
    'npm',
    [
      'pack',
      '--json',
      '--ignore-scripts',
      '--pack-destination',
      directory,
      ...folders.map((folder) => `./${folder}`),
    ],
    { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (status !== 0) {
    remove();
    throw new Error(`npm pack failed: ${error?.message ?? stderr}`);
  }
  const packages = JSON.parse(stdout).map(({ name, filename, files }, index) => ({
    name,
    folder: folders[index],
    // Some versions of npm name the file of @a/b as a-b, others as @a/b.
    tarball: join(directory, filename.replace('@', '').replace('/', '-')),
    files: files.map(({ path }) => path),
  }));
  return { packages, remove };
}
