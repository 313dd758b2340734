import { readFileSync } from 'node:fs';
import { packWorkspaces } from '../lib/packed-packages.mjs';

/**
 * Checks what would be published of each package: publint's rules on its package.json and files, all of them as errors, and
 * that nothing of the tests is in it.
 *
 * @param {string} root
 * @returns {Promise<string[]>} one line per violation
 */
export async function checkPublishedPackages(root) {
  // Dependencies of the project, so only there once it is installed.
  const [{ publint }, { formatMessage }] = await Promise.all([import('publint'), import('publint/utils')]);
  const packed = packWorkspaces(root);
  try {
    const violations = packed.packages.map(async ({ name, tarball, files }) => {
      const { buffer, byteOffset, byteLength } = readFileSync(tarball);
      const { messages, pkg } = await publint({
        pack: { tarball: buffer.slice(byteOffset, byteOffset + byteLength) },
        strict: true,
      });
      return [
        ...messages.map((message) => `${name}: ${formatMessage(message, pkg, { color: false })}`),
        ...files.filter(isForTests).map((file) => `${name}: publishes ${file}`),
      ];
    });
    return (await Promise.all(violations)).flat();
  } finally {
    packed.remove();
  }
}

/** A test kit that is exported is for others; its own tests and what was only needed to build are not. */
function isForTests(file) {
  return /\.test\.|\.tsbuildinfo$|\.map$|^src\//.test(file);
}
