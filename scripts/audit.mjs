import { spawnSync } from 'node:child_process';
import { root, runScript, SetupError } from './lib/install-and-build.mjs';

const USAGE = `npm run audit

Asks the registry for known vulnerabilities of what is installed with Rynxs (not of what it is developed with), and lists
them. Ends with 1 when one is high or critical. It needs the network, so it is no part of the tests.
`;

/** Below these, an advisory is told of and stops nothing. */
const STOPPING = new Set(['high', 'critical']);

await runScript(() => {
  if (process.argv.slice(2).some((arg) => arg === '--help' || arg === '-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { vulnerabilities, metadata } = report();
  const found = Object.values(vulnerabilities);
  for (const { name, severity, range, via, fixAvailable } of found) {
    const advisories = via.map((one) =>
      typeof one === 'string' ? `through ${one}` : `${one.title} ${one.url}`,
    );
    process.stdout.write(
      `${severity.padEnd(9)} ${name} ${range}${fixAvailable ? ' (a fix is available)' : ''}\n${advisories.map((line) => `          ${line}\n`).join('')}`,
    );
  }
  const stopping = found.filter(({ severity }) => STOPPING.has(severity)).length;
  process.stdout.write(
    `${metadata.dependencies.prod} packages, ${found.length} with advisories, ${stopping} of them high or critical\n`,
  );
  return stopping === 0 ? 0 : 1;
});

function report() {
  const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) {
    throw new SetupError(`npm cannot be run: ${error.message}`, 'Install npm, which comes with Node.');
  }
  // It ends with 1 when it has found something, too; what counts is whether it says what.
  const answer = readAnswer(stdout);
  if (answer?.metadata !== undefined) return answer;
  throw new SetupError(
    `npm audit gave no answer: ${answer?.error?.summary || answer?.message || stdout.trim() || 'nothing was printed'}`,
    'Check the network, and whether the registry that npm uses (`npm config get registry`) answers audits.',
  );
}

function readAnswer(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
