import { createHash } from 'node:crypto';

/** What the bill of materials is about: the image, by the name that the chart knows it by. */
const SUBJECT = 'ghcr.io/rynxs/operator';

/**
 * Makes npm's bill of materials (CycloneDX 1.5) one of the operator's image: of the image instead of the workspace, with
 * Node.js, and the same for the same packages, whoever builds it, whenever and from which registry.
 *
 * @param {object} bom as `npm sbom` prints it
 * @param {{ version: string, node: string, seconds: number }} image its version, that of the Node.js in it, and the time
 *   of the build since 1970
 */
export function imageSbom(bom, { version, node, seconds }) {
  const workspace = bom.metadata.component['bom-ref'];
  const subject = { 'bom-ref': `operator@${version}`, type: 'container', name: SUBJECT, version };
  const runtime = nodeComponent(node);
  const sbom = {
    ...bom,
    metadata: {
      ...bom.metadata,
      timestamp: new Date(seconds * 1000).toISOString(),
      component: subject,
    },
    components: [...bom.components.map(imageComponent), runtime],
    dependencies: [
      { ref: subject['bom-ref'], dependsOn: [`rynxs@${version}`, runtime['bom-ref']] },
      ...bom.dependencies.filter(({ ref }) => ref !== workspace),
      { ref: runtime['bom-ref'], dependsOn: [] },
    ],
  };
  return { ...sbom, serialNumber: serialNumber({ ...sbom, serialNumber: undefined }) };
}

/**
 * Compares the npm packages of a bill of materials with those in an image.
 *
 * @param {object} sbom
 * @param {readonly { name: string, version: string }[]} packages as they were found in the image
 * @returns {string[]} a line for each difference; none when both hold the same
 */
export function sbomDifferences(sbom, packages) {
  const listed = new Set(
    sbom.components
      .filter(({ purl }) => purl.startsWith('pkg:npm/'))
      .map(({ 'bom-ref': reference }) => reference),
  );
  const found = new Set(packages.map(({ name, version }) => `${name}@${version}`));
  return [
    ...[...found].filter((name) => !listed.has(name)).map((name) => `${name} is in the image alone`),
    ...[...listed].filter((name) => !found.has(name)).map((name) => `${name} is in the SBOM alone`),
  ].sort();
}

/** Vulnerabilities of Node.js are published under this CPE (https://nvd.nist.gov/products/cpe). */
function nodeComponent(version) {
  return {
    'bom-ref': `node@${version}-runtime`,
    type: 'platform',
    name: 'node',
    version,
    description: 'Node.js',
    purl: `pkg:generic/node@${version}`,
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    licenses: [{ license: { id: 'MIT' } }],
  };
}

/**
 * A package by the name that it is installed under, as npm gives a workspace that of its folder; without where it was
 * downloaded, which says nothing of what it is: its hash does.
 */
function imageComponent({ externalReferences, ...component }) {
  return {
    ...component,
    name: component['bom-ref'].replace(/@[^@]*$/, ''),
    externalReferences: externalReferences.filter(({ type }) => type !== 'distribution'),
  };
}

/** A UUID made of the content (RFC 9562, version 8), as a random one would make each build another. */
function serialNumber(content) {
  const bytes = createHash('sha256').update(JSON.stringify(content)).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `urn:uuid:${[hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')}`;
}
