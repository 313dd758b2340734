import { canonicalize, type Json } from '@rynxs/log';
import { expect } from 'chai';
import { manifestDigest } from '../../../reconcile/children.js';
import { OWNER_UID_ANNOTATION } from '../../../reconcile/ownership.js';
import { digestsOf } from '../history.js';
import type { ReconcilerCase } from '../subject.js';
import { settled } from './beginnings.js';

export const MANIFEST_CASES: readonly ReconcilerCase[] = [
  {
    name: 'makes complete manifests of the types that it owns, owned by the object',
    run(subject) {
      for (const index of subject.objects.keys()) {
        const history = settled(subject, index);
        const { name, namespace, uid } = history.object.metadata;
        const { group, version, kind } = history.reconciler.resource;
        const owner = {
          apiVersion: group === '' ? version : `${group}/${version}`,
          kind,
          name,
          uid,
          controller: true,
        };
        expect(history.manifestsByChild().size, 'manifests with names of their own').to.equal(
          history.manifests().length,
        );
        for (const { resource, object } of history.manifests()) {
          expect(history.reconciler.owns).to.deep.include(resource);
          const type = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
          expect(object).to.include({ apiVersion: type, kind: resource.kind });
          expect(object.metadata.namespace).to.equal(namespace);
          const { ownerReferences = [], annotations } = object.metadata;
          if (ownerReferences.length === 0 && annotations?.[OWNER_UID_ANNOTATION] !== undefined)
            expect(annotations[OWNER_UID_ANNOTATION], 'owner of a retained child').to.equal(uid);
          else expect({ ...ownerReferences[0] }, 'first owner reference').to.include(owner);
          canonicalize(object as unknown as Json);
        }
      }
    },
  },
  {
    name: 'makes the same bytes in every process, and when asked again',
    run(subject) {
      for (const index of subject.objects.keys()) {
        const history = settled(subject, index);
        const digests = digestsOf(history.manifestsByChild());
        expect(digestsOf(history.manifestsByChild())).to.deep.equal(digests);
        expect(digestsOf(settled(subject, index).manifestsByChild())).to.deep.equal(digests);
      }
    },
  },
  {
    name: 'knows the manifest that was last applied, also when another is wanted by now',
    run(subject) {
      const history = settled(subject);
      const before = digestsOf(history.manifestsByChild());
      history.observe(subject.objects[1] ?? history.object);
      for (const [child, digest] of before) {
        const applied = history.reconciler.applied(history.state, child);
        expect(applied === undefined ? undefined : manifestDigest(applied)).to.equal(digest);
      }
      const { kind } = history.reconciler.owns[0] ?? { kind: 'ConfigMap' };
      expect(history.reconciler.applied(history.state, `${kind}/never-made`)).to.equal(undefined);
    },
  },
];
