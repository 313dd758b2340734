import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { root } from './install-and-build.mjs';

/**
 * Builds a program from a Go module of this repository, or takes the one that was built from the same sources before.
 * Programs are kept in the user's cache directory, so that a new clone need not build them again. Throws an Error that
 * says why there is none.
 *
 * @param {{ module: string, package?: string, linkFlags?: string, duration?: string, cache?: string }} tool `module` is the
 *   folder of a go.mod, relative to the root; `package` what to build, `.` or one that go.mod pins as a tool; `linkFlags`
 *   are those of `go build -ldflags`; `duration` tells the user who waits how long it takes
 * @returns {string} path of the program
 */
export function buildGoTool({
  module,
  package: what = '.',
  linkFlags = '',
  duration = '',
  cache = cacheDirectory(),
}) {
  const directory = join(root, module);
  const name = basename(what === '.' ? module : what);
  const args = linkFlags === '' ? [what] : [`-ldflags=${linkFlags}`, what];
  const target = join(cache, `${name}-${keyOf(directory, args)}`, name);
  if (!existsSync(target)) build(directory, args, target, duration);
  return target;
}

/** Where users keep what can be made again (XDG Base Directory Specification). */
function cacheDirectory() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'rynxs', 'go-tools');
}

/** Changes with everything that the program is made of. */
function keyOf(directory, args) {
  const hash = createHash('sha256').update(`${goVersion()} ${args.join(' ')}\n`);
  const sources = readdirSync(directory, { recursive: true })
    .filter((file) => file.endsWith('.go') || file === 'go.mod' || file === 'go.sum')
    .sort();
  for (const file of sources) {
    const content = readFileSync(join(directory, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

function goVersion() {
  const { status, stdout, error } = spawnSync('go', ['env', 'GOVERSION', 'GOOS', 'GOARCH'], {
    encoding: 'utf8',
  });
  if (error?.code === 'ENOENT') throw new Error('there is no Go on PATH (https://go.dev/dl)');
  if (status !== 0) throw new Error(`go does not run: ${error?.message ?? `exit code ${status}`}`);
  return stdout.trim().replaceAll('\n', ' ');
}

/** Built aside and then moved, so that a build that was interrupted leaves nothing that looks whole. */
function build(directory, args, target, duration) {
  const folder = join(target, '..');
  mkdirSync(join(folder, '..'), { recursive: true });
  const aside = mkdtempSync(`${folder}.building-`);
  try {
    const announced = duration === '' ? '' : `, once; ${duration}`;
    process.stderr.write(`Building ${basename(target)} (go build ${args.at(-1)}${announced}) …\n`);
    const started = performance.now();
    const { status, stderr, error } = spawnSync(
      'go',
      ['build', '-o', join(aside, basename(target)), ...args],
      {
        cwd: directory,
        encoding: 'utf8',
        env: { ...process.env, GOWORK: 'off' },
      },
    );
    if (status !== 0) throw new Error(`go build ${args.at(-1)} failed: ${error?.message ?? stderr.trim()}`);
    moveInto(aside, folder);
    process.stderr.write(
      `Built ${basename(target)} in ${((performance.now() - started) / 1000).toFixed(0)} s\n`,
    );
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Another run may have been faster. */
function moveInto(aside, folder) {
  try {
    renameSync(aside, folder);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  }
}
