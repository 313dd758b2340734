import { installAndBuild, runScript } from './lib/install-and-build.mjs';

await runScript(installAndBuild);
