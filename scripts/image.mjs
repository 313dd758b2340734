// Runs on any Node >= 20 with nothing installed: built-in modules only.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildImage } from './lib/image-build.mjs';
import { root, runScript, SetupError } from './lib/install-and-build.mjs';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const USAGE = `npm run image [-- OPTIONS]

Builds the operator's image from this working copy, with buildah or docker, and writes its bill of materials.

  --tag NAME          name of the image; default ghcr.io/rynxs/operator:v${version}
  --archive FILE      where the image is written, for \`docker load\`, \`podman load\` and \`ctr images import\`;
                      default dist/rynxs-operator-v${version}.tar
  --sbom FILE         where its bill of materials is written (CycloneDX 1.5); default dist/sbom.cdx.json
  --base IMAGE        image to run in; default see the Dockerfile
  --build-base IMAGE  image to build in; default see the Dockerfile
  --local-base        make both from this machine, where nothing can be pulled
  --output FORMAT     text or json; what was built, on stdout
  --verbose           show everything that buildah or docker prints
`;
/** Exit codes of what was ended by a signal, as shells have them: 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

await runScript(async () => {
  const options = parseArguments();
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const interruption = new AbortController();
  for (const signal of Object.keys(EXIT_CODES)) process.once(signal, () => interruption.abort(signal));
  const startedAt = performance.now();
  process.stderr.write(`Building ${options.tag} …\n`);
  try {
    const built = await buildImage({
      tag: options.tag,
      archive: resolve(options.archive),
      sbom: resolve(options.sbom),
      base: options.base,
      buildBase: options['build-base'],
      isLocal: options['local-base'],
      verbose: options.verbose,
      signal: interruption.signal,
    });
    const seconds = (performance.now() - startedAt) / 1000;
    process.stdout.write(
      options.output === 'json' ? `${JSON.stringify({ ...built, seconds })}\n` : text(built, seconds),
    );
    return 0;
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    process.stderr.write('The build was given up; nothing of it is left.\n');
    return EXIT_CODES[interruption.signal.reason];
  }
});

function parseArguments() {
  const values = parse();
  if (!['text', 'json'].includes(values.output)) {
    throw new SetupError(`--output is ${values.output}`, 'Say text or json.');
  }
  if (values['local-base'] && (values.base ?? values['build-base']) !== undefined) {
    throw new SetupError(
      '--local-base makes both base images, and others are named',
      'Leave --local-base out, or --base and --build-base.',
    );
  }
  if (!/^[a-z0-9][\w./:-]*$/.test(values.tag)) {
    throw new SetupError(
      `--tag ${values.tag} is no name of an image`,
      'Say REGISTRY/NAME:TAG, in lower case.',
    );
  }
  return values;
}

function parse() {
  try {
    return parseArgs({
      options: {
        tag: { type: 'string', default: `ghcr.io/rynxs/operator:v${version}` },
        archive: { type: 'string', default: join(root, `dist/rynxs-operator-v${version}.tar`) },
        sbom: { type: 'string', default: join(root, 'dist/sbom.cdx.json') },
        base: { type: 'string' },
        'build-base': { type: 'string' },
        'local-base': { type: 'boolean', default: false },
        output: { type: 'string', default: 'text' },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new SetupError(error.message, 'See `npm run image -- --help`.');
  }
}

function text({ tag, archive, sbom, sizeBytes, layers, packages, engine }, seconds) {
  return [
    `${tag}: ${megabytes(sizeBytes)}, built by ${engine} in ${seconds.toFixed(0)} s`,
    ...layers.map((layer) => `  layer ${layer.digest.slice(0, 19)}  ${megabytes(layer.sizeBytes)}`),
    `archive ${archive}`,
    `SBOM    ${sbom} (CycloneDX 1.5, ${packages} npm packages)`,
    '',
  ].join('\n');
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
