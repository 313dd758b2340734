// Runs on any Node >= 20 with nothing installed: built-in modules only.
import { spawn } from 'node:child_process';
import { join, relative } from 'node:path';
import { installAndBuild, nodeBinary, root, runScript, SetupError } from './lib/install-and-build.mjs';

const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

await runScript(async () => {
  requireSupportedSystem();
  installAndBuild();
  const manifest = relative(process.cwd(), join(root, 'examples/agent-basic.yaml'));
  return await runRynxs(['dev', manifest, ...process.argv.slice(2)]);
});

function requireSupportedSystem() {
  if (process.platform !== 'win32') return;
  throw new SetupError(
    'Rynxs does not run on Windows itself',
    'Run it in WSL 2 (https://learn.microsoft.com/windows/wsl/install), in a clone within its file system.',
  );
}

/** Runs the command with this process's terminal, and resolves to its exit code. */
function runRynxs(args) {
  const child = spawn(nodeBinary, [join(root, 'cli/bin/rynxs.js'), ...args], { stdio: 'inherit' });
  // The command stops in its own time; this process only waits for it.
  for (const signal of FORWARDED_SIGNALS) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (signal !== null) process.stderr.write(`error: rynxs was ended by ${signal}\n`);
      resolve(code ?? 1);
    });
  });
}
