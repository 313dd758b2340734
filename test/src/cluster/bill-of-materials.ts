import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { ROOT } from '../rynxs-process.js';
import { programOf } from './real-cluster/programs.js';

/** What package-lock.json says of a package that is installed, or of a folder of this repository. */
interface Locked {
  readonly version: string;
  /** For development; for that or because it is optional; because it is optional; a link to a folder. */
  readonly dev?: true;
  readonly devOptional?: true;
  readonly optional?: true;
  readonly link?: true;
  /** The folder that a link is to. */
  readonly resolved?: string;
}

/** The packages that an installation without those for development has, without what is only for tests of plugins. */
export function productionPackages(): readonly string[] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const names = Object.entries(packages)
    .filter(([path, { dev, devOptional, optional }]) => isPackage(path) && !(dev ?? devOptional ?? optional))
    .map(([path, { link, version, resolved = '' }]) => {
      const name = path.replace(/.*node_modules\//, '');
      return `${name}@${link ? packages[resolved]?.version : version}`;
    });
  return [...new Set(names)].sort();
}

/** Folders of this repository are installed as links to them. */
function isPackage(path: string): boolean {
  return path.includes('node_modules/');
}

/** What the schema of CycloneDX 1.5 says against a bill of materials. */
export function cyclonedxViolations(sbom: unknown): readonly unknown[] {
  const schema = (name: string) =>
    JSON.parse(readFileSync(join(programOf('RYNXS_TEST_CYCLONEDX'), `${name}.SNAPSHOT.schema.json`), 'utf8'));
  const ajv = new Ajv({
    strict: false,
    allErrors: true,
    formats: {
      'date-time': (text: string) => !Number.isNaN(Date.parse(text)),
      'idn-email': (text: string) => text.includes('@'),
      uri: (text: string) => URL.canParse(text),
      'iri-reference': (text: string) => URL.canParse(text, 'https://example.com'),
    },
  });
  // They are referred to by the names of their files.
  for (const name of ['spdx', 'jsf-0.82']) {
    const { $id: _, ...content } = schema(name);
    ajv.addSchema(content, `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  }
  const validate = ajv.compile(schema('bom-1.5'));
  validate(sbom);
  return validate.errors ?? [];
}
