import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Path of a program of the system. Throws an Error that says which package of Debian has it when it is not there.
 *
 * @param {string} name
 * @param {string} packageName
 */
export function debianProgram(name, packageName) {
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find(isExecutable);
  if (path === undefined) throw new Error(`there is no ${name}; on Debian: apt-get install ${packageName}`);
  return path;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
