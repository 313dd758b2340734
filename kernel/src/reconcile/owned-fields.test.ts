import { expect } from 'chai';
import fc from 'fast-check';
import type { KubernetesObject } from '../contracts/cluster.js';
import { differingPaths, mergeOwned, newObject, valuesAt } from './owned-fields.js';

const metadata = { name: 'a', namespace: 'default' };
const deployment = (spec: unknown, labels?: Record<string, string>): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: labels === undefined ? metadata : { ...metadata, labels },
  spec,
});

describe('owned fields', () => {
  it('do not differ by what the server has defaulted', () => {
    const desired = deployment({ replicas: 1, template: { containers: [{ name: 'a', image: 'x' }] } });
    const live = deployment({
      replicas: 1,
      strategy: { type: 'RollingUpdate' },
      template: {
        containers: [{ name: 'a', image: 'x', imagePullPolicy: 'Always' }],
        dnsPolicy: 'ClusterFirst',
      },
    });
    expect(differingPaths(desired, live)).to.deep.equal([]);
  });

  it('name what was changed by hand as JSON pointers', () => {
    const desired = deployment(
      { replicas: 1, template: { containers: [{ name: 'a', image: 'x' }] } },
      { 'a/b~c': '1' },
    );
    const live = deployment(
      { replicas: 3, template: { containers: [{ name: 'a', image: 'y' }] } },
      { 'a/b~c': '2' },
    );
    const paths = differingPaths(desired, live);
    expect(paths).to.deep.equal([
      '/spec/replicas',
      '/spec/template/containers/0/image',
      '/metadata/labels/a~1b~0c',
    ]);
    expect(valuesAt(live, paths)).to.deep.equal([3, 'y', '2']);
  });

  it('include the length of lists: an added container is a difference', () => {
    const desired = deployment({ containers: [{ name: 'a' }] });
    const live = deployment({ containers: [{ name: 'a' }, { name: 'intruder' }] });
    expect(differingPaths(desired, live)).to.deep.equal(['/spec/containers']);
    expect(mergeOwned(live, desired, undefined).spec).to.deep.equal({ containers: [{ name: 'a' }] });
  });

  it('treat an empty list or map as absent, as API servers do', () => {
    expect(differingPaths(deployment({ ingress: [], selector: {} }), deployment({}))).to.deep.equal([]);
  });

  it('include our owner reference, and nobody else’s', () => {
    const owner = { apiVersion: 'v1', kind: 'Agent', name: 'a', uid: 'u1', controller: true };
    const other = { apiVersion: 'v1', kind: 'Other', name: 'b', uid: 'u2' };
    const desired = { ...deployment({}), metadata: { ...metadata, ownerReferences: [owner] } };
    const live = { ...deployment({}), metadata: { ...metadata, ownerReferences: [other] } };
    expect(differingPaths(desired, live)).to.deep.equal(['/metadata/ownerReferences']);
    expect(mergeOwned(live, desired, undefined).metadata.ownerReferences).to.deep.equal([other, owner]);
  });

  it('are taken out when the previous manifest had them and the desired one lacks them', () => {
    const previous = deployment(
      { template: { containers: [{ name: 'a', image: 'x', command: ['sh'] }] } },
      { old: '1' },
    );
    const desired = deployment({ template: { containers: [{ name: 'a', image: 'x' }] } }, { fresh: '1' });
    const live = deployment(
      { template: { containers: [{ name: 'a', image: 'x', command: ['sh'], imagePullPolicy: 'Always' }] } },
      { old: '1', theirs: '1' },
    );
    const merged = mergeOwned(live, desired, previous);
    expect(merged.spec).to.deep.equal({
      template: { containers: [{ name: 'a', image: 'x', imagePullPolicy: 'Always' }] },
    });
    expect(merged.metadata.labels).to.deep.equal({ fresh: '1', theirs: '1' });
  });

  it('may be owned as absent: null in a manifest', () => {
    const desired = deployment({
      strategy: { type: 'Recreate', rollingUpdate: null },
      containers: [{ name: 'a', tty: null }],
    });
    expect(
      differingPaths(desired, deployment({ strategy: { type: 'Recreate' }, containers: [{ name: 'a' }] })),
    ).to.deep.equal([]);
    const live = deployment({
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
      containers: [{ name: 'a', tty: true }],
    });
    expect(differingPaths(desired, live)).to.deep.equal([
      '/spec/strategy/type',
      '/spec/strategy/rollingUpdate',
      '/spec/containers/0/tty',
    ]);
    const clean = { strategy: { type: 'Recreate' }, containers: [{ name: 'a' }] };
    expect(mergeOwned(live, desired, undefined).spec).to.deep.equal(clean);
    expect(newObject(desired).spec).to.deep.equal(clean);
  });

  it('keep uid, resourceVersion, status and everything else of the live object', () => {
    const live = {
      ...deployment({ volumeName: 'pv-1' }),
      metadata: { ...metadata, uid: 'u', resourceVersion: '7' },
      status: { phase: 'Bound' },
    };
    const merged = mergeOwned(live, deployment({ size: '1Gi' }), undefined);
    expect(merged).to.deep.equal({ ...live, spec: { volumeName: 'pv-1', size: '1Gi' } });
  });

  it('do not differ any more after merging, whatever the live object was', () => {
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('a', 'b', 1, true, null),
        tie('list'),
        tie('map'),
      ),
      list: fc.array(tie('value'), { maxLength: 3 }),
      map: fc.dictionary(fc.constantFrom('name', 'image', 'x/y', 'z'), tie('value'), { maxKeys: 3 }),
    }));
    fc.assert(
      fc.property(json.map, json.map, json.map, (desired, live, previous) => {
        const merged = mergeOwned(deployment(live), deployment(desired), deployment(previous));
        expect(differingPaths(deployment(desired), merged)).to.deep.equal([]);
      }),
      { numRuns: 500 },
    );
  });
});
