import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Marks of work that is not done or of a check that was switched off. Written so that they do not find themselves. */
const MARKS = [
  [/\b(TO[D]O|FIX[M]E|X[X]X)\b/, 'work that is not done'],
  [/\b(describe|context|it|suite|test)\.onl[y]\(/, 'a test that hides the others'],
  [
    /biome-ignor[e]|@ts-ignor[e]|@ts-nochec[k]|@ts-expect-erro[r]|eslint-disabl[e]/,
    'a check that is switched off',
  ],
  [/^(<{7}|>{7}) /, 'a conflict of a merge'],
];

/**
 * Checks that no source holds such a mark.
 *
 * @param {string} root @param {string[]} files relative to the root
 * @returns {string[]} one line per violation
 */
export function checkUnfinished(root, files) {
  return files
    .filter((file) => /\.(ts|mts|mjs|js|sh|md|ya?ml|json)$/.test(file) && file !== 'package-lock.json')
    .flatMap((file) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .flatMap((line, index) =>
          MARKS.filter(([mark]) => mark.test(line)).map(([, meaning]) => `${file}:${index + 1}: ${meaning}`),
        ),
    );
}
