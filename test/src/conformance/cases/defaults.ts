import { expect } from 'chai';
import { type Area, fact } from '../conformance-case.js';
import {
  claim,
  claims,
  configMap,
  configMaps,
  deployment,
  deployments,
  networkPolicy,
  pod,
  pods,
  policies,
  secrets,
} from '../objects.js';

/** What every container gets that says nothing else. */
const CONTAINER = {
  imagePullPolicy: 'IfNotPresent',
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
};

const POD_TEMPLATE = {
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 30,
  dnsPolicy: 'ClusterFirst',
  securityContext: {},
  schedulerName: 'default-scheduler',
};

export const DEFAULTS: Area = {
  name: 'defaults',
  cases: [
    fact('of a Deployment', async ({ api, namespace }) => {
      const { spec } = await api.ok('POST', deployments(namespace), deployment('small'));
      expect(spec).to.deep.equal({
        replicas: 0,
        selector: { matchLabels: { app: 'small' } },
        template: {
          metadata: { labels: { app: 'small' } },
          spec: { containers: [{ name: 'main', image: 'example.org/app:1', ...CONTAINER }], ...POD_TEMPLATE },
        },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
      });
    }),
    fact('of a Deployment that is as hardened as ours', async ({ api, namespace }) => {
      const podSpec = {
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 65532,
          fsGroup: 65532,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: 'main',
            image: 'python:3.11-slim',
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            env: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
            ports: [{ containerPort: 80 }],
            volumeMounts: [{ name: 'workspace', mountPath: '/workspace' }],
          },
        ],
        volumes: [
          { name: 'workspace', persistentVolumeClaim: { claimName: 'w' } },
          { name: 'tmp', emptyDir: {} },
          { name: 'config', configMap: { name: 'c' } },
          { name: 'secret', secret: { secretName: 's' } },
        ],
      };
      const { spec } = await api.ok(
        'POST',
        deployments(namespace),
        deployment('hardened', { strategy: { type: 'Recreate' } }, podSpec),
      );
      expect(spec.strategy).to.deep.equal({ type: 'Recreate' });
      const [container] = podSpec.containers;
      expect(spec.template.spec).to.deep.equal({
        ...POD_TEMPLATE,
        ...podSpec,
        containers: [{ ...CONTAINER, ...container, ports: [{ containerPort: 80, protocol: 'TCP' }] }],
        volumes: [
          podSpec.volumes[0],
          podSpec.volumes[1],
          { name: 'config', configMap: { name: 'c', defaultMode: 420 } },
          { name: 'secret', secret: { secretName: 's', defaultMode: 420 } },
        ],
      });
    }),
    fact('of probes, field references and host paths', async ({ api, namespace }) => {
      const container = {
        name: 'main',
        image: 'example.org/app:latest',
        livenessProbe: { httpGet: { port: 80 } },
        readinessProbe: { exec: { command: ['true'] }, periodSeconds: 3 },
        env: [{ name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      };
      const volumes = [{ name: 'host', hostPath: { path: '/x' } }];
      const { spec } = await api.ok(
        'POST',
        deployments(namespace),
        deployment('probes', {}, { containers: [container], volumes }),
      );
      const [made] = spec.template.spec.containers;
      expect(made.imagePullPolicy).to.equal('Always');
      const times = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
      expect(made.livenessProbe).to.deep.equal({
        httpGet: { path: '/', port: 80, scheme: 'HTTP' },
        ...times,
      });
      expect(made.readinessProbe).to.deep.equal({ exec: { command: ['true'] }, ...times, periodSeconds: 3 });
      expect(made.env[0].valueFrom.fieldRef).to.deep.equal({ apiVersion: 'v1', fieldPath: 'metadata.name' });
      expect(spec.template.spec.volumes[0].hostPath).to.deep.equal({ path: '/x', type: '' });
    }),
    fact(
      'of a Pod: requests follow limits, and nodes may be lost for five minutes',
      async ({ api, namespace }) => {
        const containers = [
          {
            name: 'main',
            image: 'example.org/app:1',
            resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1' } },
          },
        ];
        const { spec, status } = await api.ok('POST', pods(namespace), pod('requests', { containers }));
        expect(spec.containers[0].resources).to.deep.equal({
          limits: { cpu: '1', memory: '1Gi' },
          requests: { cpu: '1', memory: '1Gi' },
        });
        expect(spec.tolerations).to.deep.equal([
          {
            key: 'node.kubernetes.io/not-ready',
            operator: 'Exists',
            effect: 'NoExecute',
            tolerationSeconds: 300,
          },
          {
            key: 'node.kubernetes.io/unreachable',
            operator: 'Exists',
            effect: 'NoExecute',
            tolerationSeconds: 300,
          },
        ]);
        expect(spec).to.deep.include({
          serviceAccountName: 'default',
          serviceAccount: 'default',
          enableServiceLinks: true,
          preemptionPolicy: 'PreemptLowerPriority',
          priority: 0,
        });
        expect(status).to.deep.include({ phase: 'Pending', qosClass: 'Guaranteed' });
      },
    ),
    fact('of a template with limits: requests are left to the Pods', async ({ api, namespace }) => {
      const resources = { limits: { memory: '1Gi' } };
      const containers = [{ name: 'main', image: 'example.org/app:1', resources }];
      const { spec } = await api.ok('POST', deployments(namespace), deployment('limits', {}, { containers }));
      expect(spec.template.spec.containers[0].resources).to.deep.equal(resources);
    }),
    fact('of a PersistentVolumeClaim', async ({ api, namespace }) => {
      const { spec, status, metadata } = await api.ok('POST', claims(namespace), claim('small'));
      expect(spec).to.deep.equal({
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        storageClassName: 'conformance-none',
        volumeMode: 'Filesystem',
      });
      expect(status).to.deep.equal({ phase: 'Pending' });
      expect(metadata.finalizers).to.deep.equal(['kubernetes.io/pvc-protection']);
    }),
    fact('of NetworkPolicies', async ({ api, namespace }) => {
      const made = async (name: string, spec: object) =>
        (await api.ok('POST', policies(namespace), networkPolicy(name, spec))).spec;
      expect(await made('nothing', {})).to.deep.equal({ podSelector: {}, policyTypes: ['Ingress'] });
      const egress = [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ port: 53 }] }];
      expect(await made('egress', { egress })).to.deep.equal({
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
        egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ port: 53, protocol: 'TCP' }] }],
      });
      const closed = { policyTypes: ['Ingress', 'Egress'], egress: [], ingress: [] };
      expect(await made('closed', closed)).to.deep.equal({
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
      });
    }),
    fact('of Secrets: text becomes data, and the type is Opaque', async ({ api, namespace }) => {
      const body = { metadata: { name: 'text' }, stringData: { a: 'b' } };
      const secret = await api.ok('POST', secrets(namespace), body);
      expect(secret).to.deep.include({ type: 'Opaque', data: { a: 'Yg==' } });
      expect(secret).not.to.have.property('stringData');
    }),
    fact('of a Namespace', async ({ api, namespace }) => {
      const { metadata, spec, status } = await api.ok('GET', `/api/v1/namespaces/${namespace}`);
      expect(metadata.labels).to.deep.equal({ 'kubernetes.io/metadata.name': namespace });
      expect(spec).to.deep.equal({ finalizers: ['kubernetes'] });
      expect(status).to.deep.equal({ phase: 'Active' });
    }),
    fact('empty maps and lists are not shown', async ({ api, namespace }) => {
      const metadata = { labels: {}, annotations: {}, finalizers: [], ownerReferences: [] };
      const made = await api.ok('POST', configMaps(namespace), configMap('empty', {}, metadata));
      expect(made).not.to.have.property('data');
      expect(made.metadata).not.to.have.any.keys('labels', 'annotations', 'finalizers', 'ownerReferences');
    }),
    ...(
      [
        ['1024Mi', '1Gi'],
        ['1000Mi', '1000Mi'],
        ['0.5Gi', '512Mi'],
        ['1073741824', '1073741824'],
        ['1.5G', '1500M'],
        ['1e9', '1e9'],
        ['1000k', '1M'],
        ['100m', '100m'],
      ] as const
    ).map(([sent, shown], index) =>
      fact(`the quantity ${sent} is shown as ${shown}`, async ({ api, namespace }) => {
        const body = claim(`quantity-${index}`, { resources: { requests: { storage: sent } } });
        const { spec } = await api.ok('POST', claims(namespace), body);
        expect(spec.resources.requests.storage).to.equal(shown);
      }),
    ),
    fact('quantities of containers are shown in their canonical form', async ({ api, namespace }) => {
      const resources = {
        limits: { cpu: '0.5', memory: '2048Mi' },
        requests: { cpu: '0.25', memory: 1000000 },
      };
      const containers = [{ name: 'main', image: 'example.org/app:1', resources }];
      const { spec } = await api.ok(
        'POST',
        deployments(namespace),
        deployment('canonical', {}, { containers }),
      );
      expect(spec.template.spec.containers[0].resources).to.deep.equal({
        limits: { cpu: '500m', memory: '2Gi' },
        requests: { cpu: '250m', memory: '1M' },
      });
    }),
  ],
};
