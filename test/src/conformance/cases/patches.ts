import { expect } from 'chai';
import { type Area, accepted, fact, refused } from '../conformance-case.js';
import {
  configMap,
  configMaps,
  deployment,
  deployments,
  JSON_PATCH,
  MERGE_PATCH,
  STRATEGIC_PATCH,
} from '../objects.js';

export const PATCHES: Area = {
  name: 'patches',
  cases: [
    fact('a JSON patch adds, replaces, moves, copies and removes', async ({ api, namespace }) => {
      await api.ok(
        'POST',
        configMaps(namespace),
        configMap('json', { a: '1', b: '2', z: '3' }, { annotations: { 'x/y': '~' } }),
      );
      const patched = await api.ok(
        'PATCH',
        `${configMaps(namespace)}/json`,
        [
          { op: 'test', path: '/data/a', value: '1' },
          { op: 'replace', path: '/data/a', value: '9' },
          { op: 'copy', from: '/data/a', path: '/data/c' },
          { op: 'move', from: '/data/b', path: '/data/d' },
          { op: 'remove', path: '/data/z' },
          { op: 'replace', path: '/metadata/annotations/x~1y', value: '~0' },
          { op: 'add', path: '/metadata/labels', value: { l: 'm' } },
        ],
        JSON_PATCH,
      );
      expect(patched.data).to.deep.equal({ a: '9', c: '9', d: '2' });
      expect(patched.metadata.labels).to.deep.equal({ l: 'm' });
      expect(patched.metadata.annotations).to.deep.equal({ 'x/y': '~0' });
    }),
    fact('a JSON patch whose test fails is 422', async ({ api, namespace }) => {
      await api.ok('POST', configMaps(namespace), configMap('test', { a: '1' }));
      refused(
        await api.call(
          'PATCH',
          `${configMaps(namespace)}/test`,
          [{ op: 'test', path: '/data/a', value: '2' }],
          JSON_PATCH,
        ),
        422,
        'Invalid',
        'the server rejected our request due to an error in our request',
      );
    }),
    fact('a JSON patch of a path that is not there is 422', async ({ api, namespace }) => {
      await api.ok('POST', configMaps(namespace), configMap('path'));
      const patch = [{ op: 'replace', path: '/data/none/deep', value: '2' }];
      refused(
        await api.call('PATCH', `${configMaps(namespace)}/path`, patch, JSON_PATCH),
        422,
        'Invalid',
        'the server rejected our request due to an error in our request',
      );
    }),
    fact('a JSON patch that is none is 400', async ({ api, namespace }) => {
      await api.ok('POST', configMaps(namespace), configMap('no-patch'));
      refused(
        await api.call('PATCH', `${configMaps(namespace)}/no-patch`, { a: 1 }, JSON_PATCH),
        400,
        'BadRequest',
        /^error decoding patch: json: cannot unmarshal object into Go value of type /,
      );
    }),
    fact('a merge patch sets, and takes away with null', async ({ api, namespace }) => {
      await api.ok('POST', configMaps(namespace), configMap('merge', { a: '1', b: '2' }));
      const patch = { data: { a: null, c: '3' }, metadata: { annotations: { note: 'x' } } };
      const patched = await api.ok('PATCH', `${configMaps(namespace)}/merge`, patch, MERGE_PATCH);
      expect(patched.data).to.deep.equal({ b: '2', c: '3' });
      expect(patched.metadata.annotations).to.deep.equal({ note: 'x' });
    }),
    fact('a merge patch replaces lists', async ({ api, namespace }) => {
      await api.ok('POST', deployments(namespace), deployment('merge-list'));
      const containers = [{ name: 'other', image: 'example.org/other:1' }];
      const patch = { spec: { template: { spec: { containers } } } };
      const patched = await api.ok('PATCH', `${deployments(namespace)}/merge-list`, patch, MERGE_PATCH);
      expect(patched.spec.template.spec.containers.map((each: { name: string }) => each.name)).to.deep.equal([
        'other',
      ]);
    }),
    fact('a patch with an old resource version is 409', async ({ api, namespace }) => {
      const path = `${configMaps(namespace)}/patch-stale`;
      const { metadata } = await api.ok('POST', configMaps(namespace), configMap('patch-stale'));
      await api.ok('PATCH', path, { data: { a: '1' } }, MERGE_PATCH);
      const { resourceVersion } = metadata;
      refused(
        await api.call('PATCH', path, { metadata: { resourceVersion }, data: { a: '2' } }, MERGE_PATCH),
        409,
        'Conflict',
        'Operation cannot be fulfilled on configmaps "patch-stale": the object has been modified; please apply your changes to the latest version and try again',
      );
    }),
    fact('a patch that changes nothing writes nothing', async ({ api, namespace }) => {
      const first = await api.ok('POST', configMaps(namespace), configMap('patch-same', { a: '1' }));
      const path = `${configMaps(namespace)}/patch-same`;
      const second = await api.ok('PATCH', path, { data: { a: '1' } }, MERGE_PATCH);
      expect(second.metadata.resourceVersion).to.equal(first.metadata.resourceVersion);
    }),
    fact('a patch cannot make an object invalid', async ({ api, namespace }) => {
      await api.ok('POST', deployments(namespace), deployment('patch-invalid'));
      refused(
        await api.call(
          'PATCH',
          `${deployments(namespace)}/patch-invalid`,
          { spec: { replicas: -1 } },
          MERGE_PATCH,
        ),
        422,
        'Invalid',
        'Deployment.apps "patch-invalid" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      );
    }),
    fact('a patch cannot rename', async ({ api, namespace }) => {
      await api.ok('POST', configMaps(namespace), configMap('patch-name'));
      const path = `${configMaps(namespace)}/patch-name`;
      refused(await api.call('PATCH', path, { metadata: { name: 'other' } }, MERGE_PATCH), 400, 'BadRequest');
    }),
    fact('a patch of an unknown kind is 415', async ({ api, namespace }) => {
      await api.ok('POST', configMaps(namespace), configMap('patch-kind'));
      refused(
        await api.call('PATCH', `${configMaps(namespace)}/patch-kind`, {}, { type: 'application/json' }),
        415,
        'UnsupportedMediaType',
        '415: Unsupported Media Type',
      );
    }),
    fact('server-side apply makes and owns', async ({ api, namespace }) => {
      const path = `${configMaps(namespace)}/applied?fieldManager=conformance`;
      const type = 'application/apply-patch+yaml';
      accepted(await api.call('PATCH', path, configMap('applied', { a: '1' }), { type }), 201);
    }),
    fact('kubectl set image: containers are merged by name', async ({ api, namespace }) => {
      const sidecar = { name: 'sidecar', image: 'example.org/sidecar:1', args: ['-v'] };
      const containers = [{ name: 'main', image: 'example.org/app:1', command: ['run'] }, sidecar];
      await api.ok('POST', deployments(namespace), deployment('image', {}, { containers }));
      const patch = {
        spec: {
          template: {
            spec: {
              '$setElementOrder/containers': [{ name: 'main' }, { name: 'sidecar' }],
              containers: [{ name: 'main', image: 'example.org/app:2' }],
            },
          },
        },
      };
      const patched = await api.ok('PATCH', `${deployments(namespace)}/image`, patch, STRATEGIC_PATCH);
      const [main, other] = patched.spec.template.spec.containers;
      expect(main).to.deep.include({ name: 'main', image: 'example.org/app:2', command: ['run'] });
      expect(other).to.deep.include(sidecar);
    }),
    fact(
      'kubectl apply: elements are taken away by $patch: delete, and put in order',
      async ({ api, namespace }) => {
        const env = [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
          { name: 'C', value: '3' },
        ];
        const containers = [{ name: 'main', image: 'example.org/app:1', env }];
        await api.ok('POST', deployments(namespace), deployment('order', {}, { containers }));
        const change = {
          name: 'main',
          '$setElementOrder/env': [{ name: 'D' }, { name: 'C' }, { name: 'A' }],
          env: [
            { name: 'D', value: '4' },
            { name: 'A', value: '9' },
            { name: 'B', $patch: 'delete' },
          ],
        };
        const patch = {
          spec: {
            template: {
              spec: { '$setElementOrder/containers': [{ name: 'main' }], containers: [change] },
            },
          },
        };
        const patched = await api.ok('PATCH', `${deployments(namespace)}/order`, patch, STRATEGIC_PATCH);
        expect(patched.spec.template.spec.containers[0].env).to.deep.equal([
          { name: 'D', value: '4' },
          { name: 'C', value: '3' },
          { name: 'A', value: '9' },
        ]);
      },
    ),
    fact('kubectl apply: $retainKeys drops what is not named', async ({ api, namespace }) => {
      await api.ok('POST', deployments(namespace), deployment('retain'));
      const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } };
      const patched = await api.ok('PATCH', `${deployments(namespace)}/retain`, patch, STRATEGIC_PATCH);
      expect(patched.spec.strategy).to.deep.equal({ type: 'Recreate' });
    }),
    fact(
      'a strategic merge patch of the strategy without $retainKeys keeps its parts, and is refused',
      async ({ api, namespace }) => {
        await api.ok('POST', deployments(namespace), deployment('no-retain'));
        refused(
          await api.call(
            'PATCH',
            `${deployments(namespace)}/no-retain`,
            { spec: { strategy: { type: 'Recreate' } } },
            STRATEGIC_PATCH,
          ),
          422,
          'Invalid',
          'Deployment.apps "no-retain" is invalid: spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is \'Recreate\'',
        );
      },
    ),
    fact('$patch: replace replaces a whole object', async ({ api, namespace }) => {
      await api.ok('POST', configMaps(namespace), configMap('replace', { a: '1', b: '2' }));
      const patch = { data: { $patch: 'replace', c: '3' } };
      const patched = await api.ok('PATCH', `${configMaps(namespace)}/replace`, patch, STRATEGIC_PATCH);
      expect(patched.data).to.deep.equal({ c: '3' });
    }),
    fact('finalizers are added, and taken away by $deleteFromPrimitiveList', async ({ api, namespace }) => {
      const path = `${configMaps(namespace)}/primitive`;
      const finalizers = ['example.org/a', 'example.org/b'];
      await api.ok('POST', configMaps(namespace), configMap('primitive', {}, { finalizers }));
      const added = await api.ok(
        'PATCH',
        path,
        { metadata: { finalizers: ['example.org/c'] } },
        STRATEGIC_PATCH,
      );
      expect(added.metadata.finalizers).to.have.members(['example.org/a', 'example.org/b', 'example.org/c']);
      const removal = {
        metadata: { '$deleteFromPrimitiveList/finalizers': ['example.org/a', 'example.org/c'] },
      };
      const removed = await api.ok('PATCH', path, removal, STRATEGIC_PATCH);
      expect(removed.metadata.finalizers).to.deep.equal(['example.org/b']);
      await api.ok('PATCH', path, { metadata: { finalizers: null } }, MERGE_PATCH);
    }),
    fact('volumes and mounts are merged by their keys, commands replaced', async ({ api, namespace }) => {
      const podSpec = {
        volumes: [{ name: 'a', emptyDir: {} }],
        containers: [
          {
            name: 'main',
            image: 'example.org/app:1',
            command: ['a', 'b'],
            volumeMounts: [{ name: 'a', mountPath: '/a' }],
            ports: [{ containerPort: 80 }],
          },
        ],
      };
      await api.ok('POST', deployments(namespace), deployment('keys', {}, podSpec));
      const change = {
        volumes: [{ name: 'b', emptyDir: {} }],
        containers: [
          {
            name: 'main',
            command: ['c'],
            volumeMounts: [{ name: 'b', mountPath: '/b' }],
            ports: [{ containerPort: 81 }],
          },
        ],
      };
      const patch = { spec: { template: { spec: change } } };
      const patched = await api.ok('PATCH', `${deployments(namespace)}/keys`, patch, STRATEGIC_PATCH);
      const { volumes, containers } = patched.spec.template.spec;
      expect(volumes.map(({ name }: { name: string }) => name)).to.have.members(['a', 'b']);
      expect(containers[0].command).to.deep.equal(['c']);
      expect(
        containers[0].volumeMounts.map((mount: { mountPath: string }) => mount.mountPath),
      ).to.have.members(['/a', '/b']);
      expect(
        containers[0].ports.map((port: { containerPort: number }) => port.containerPort),
      ).to.have.members([80, 81]);
    }),
    fact('a strategic merge patch with null takes a field away', async ({ api, namespace }) => {
      await api.ok('POST', deployments(namespace), deployment('null', { minReadySeconds: 5 }));
      const patch = { spec: { minReadySeconds: null }, metadata: { labels: { a: 'b' } } };
      const patched = await api.ok('PATCH', `${deployments(namespace)}/null`, patch, STRATEGIC_PATCH);
      expect(patched.spec).not.to.have.property('minReadySeconds');
    }),
    fact('an unknown directive is refused', async ({ api, namespace }) => {
      await api.ok('POST', configMaps(namespace), configMap('directive', { a: '1' }));
      const patch = { data: { $patch: 'shuffle' } };
      const { code, body } = await api.call(
        'PATCH',
        `${configMaps(namespace)}/directive`,
        patch,
        STRATEGIC_PATCH,
      );
      expect([code, body.message]).to.deep.equal([
        500,
        'unknown patch type: shuffle in map: map[$patch:shuffle]',
      ]);
    }),
  ],
};
