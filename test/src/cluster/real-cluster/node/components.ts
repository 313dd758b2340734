import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ApiClient } from '../api-client.js';
import { type Component, startComponent, untilReady } from '../processes.js';
import { COREDNS_VARIABLE, programOf } from '../programs.js';
import { run } from './commands.js';
import { PAUSE_IMAGE } from './images.js';
import type { Machine } from './machine.js';

export const NODE_NAME = 'node';
const POD_RANGE = '10.244.0.0/24';
const DNS_ADDRESS = '10.96.0.10';
const RUNTIME_SOCKET = '/run/containerd/containerd.sock';
const START_TIMEOUT_MS = 120_000;

/** What of the cluster the parts of a node are given. */
export interface NodeParts {
  readonly machine: Machine;
  /** Path of the program built from test/cluster/kubernetes. */
  readonly program: string;
  /** Where the system's CNI plugins are. */
  readonly cni: string;
  readonly api: ApiClient;
}

export async function startContainerd({ machine, cni }: NodeParts): Promise<void> {
  const networks = machine.directory.file('cni');
  mkdirSync(networks, { recursive: true });
  writeFileSync(join(networks, 'pods.conflist'), JSON.stringify(podNetwork()));
  const config = machine.directory.file('containerd.toml');
  writeFileSync(config, containerdConfig(cni, networks));
  const component = await start(machine, 'containerd', ['containerd', '--config', config]);
  await ready(machine, component, () =>
    run(machine.inside(['ctr', 'version'])).then(
      () => true,
      () => false,
    ),
  );
}

/** The agent of the node. It starts pods once it has registered the node. */
export async function startKubelet({ machine, program, api }: NodeParts): Promise<void> {
  const config = writeConfig(machine, 'kubelet', {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(machine.directory.pki, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: join(machine.directory.pki, 'kubelet.crt'),
    tlsPrivateKeyFile: join(machine.directory.pki, 'kubelet.key'),
    containerRuntimeEndpoint: `unix://${RUNTIME_SOCKET}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${machine.addresses.interface}`,
    failCgroupV1: false,
    failSwapOn: false,
    clusterDNS: [DNS_ADDRESS],
    clusterDomain: 'cluster.local',
    resolvConf: '',
    readOnlyPort: 0,
    volumePluginDir: '/var/lib/kubelet/volume-plugins',
    // The disk is this machine's, and its fullness is not what is tested.
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
  });
  const component = await start(machine, 'kubelet', [
    program,
    'kubelet',
    `--config=${config}`,
    `--kubeconfig=${machine.directory.file('kubelet.kubeconfig')}`,
    `--hostname-override=${NODE_NAME}`,
    `--node-ip=${machine.addresses.node}`,
  ]);
  await ready(machine, component, async () => {
    const { body } = await api.send<NodeObject>('GET', `/api/v1/nodes/${NODE_NAME}`);
    return (
      body.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
    );
  });
}

/** Lets pods reach Services. */
export async function startProxy({ machine, program }: NodeParts): Promise<void> {
  const config = writeConfig(machine, 'kube-proxy', {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    hostnameOverride: NODE_NAME,
    clusterCIDR: POD_RANGE,
    clientConnection: { kubeconfig: machine.directory.file('proxy.kubeconfig') },
    // Limits of the whole system, which a network of its own may not set.
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  });
  await start(machine, 'kube-proxy', [program, 'kube-proxy', `--config=${config}`]);
}

/** Serves names on the node's address, where a Service leads to it. */
export async function startDns({ machine, api }: NodeParts): Promise<void> {
  const corefile = machine.directory.file('Corefile');
  const kubeconfig = machine.directory.file('dns.kubeconfig');
  writeFileSync(
    corefile,
    `.:53 {
  bind ${machine.addresses.node}
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfig}
  }
  cache 5
}
`,
  );
  for (const [path, object] of dnsObjects(machine.addresses.node)) await api.must('POST', path, object);
  await start(machine, 'coredns', [programOf(COREDNS_VARIABLE), '-conf', corefile]);
}

interface NodeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

function start(machine: Machine, name: string, command: readonly string[]): Promise<Component> {
  const { directory } = machine;
  return startComponent({
    directory: directory.path,
    name,
    command: machine.inside(command),
    logFile: directory.log(name),
  });
}

function ready(machine: Machine, component: Component, isReady: () => Promise<boolean>): Promise<void> {
  const { directory } = machine;
  return untilReady(directory.path, component, directory.log(component.name), isReady, START_TIMEOUT_MS);
}

function writeConfig(machine: Machine, name: string, config: unknown): string {
  const file = machine.directory.file(`${name}.yaml`);
  writeFileSync(file, stringify(config));
  return file;
}

function podNetwork() {
  return {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'pods',
        isGateway: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: '/run/pod-addresses',
          ranges: [[{ subnet: POD_RANGE }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  };
}

/** Of version 2, which containerd from 1.3 to 2.x reads. */
function containerdConfig(cni: string, networks: string): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "${RUNTIME_SOCKET}"
[${cri}]
  sandbox_image = "${PAUSE_IMAGE}"
  # Without CAP_SYS_RESOURCE no pod could start: the kernel refuses to spare its sandbox from being killed.
  restrict_oom_score_adj = true
[${cri}.cni]
  bin_dir = "${cni}"
  conf_dir = "${networks}"
[${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[${cri}.containerd.runtimes.runc.options]
  SystemdCgroup = false
`;
}

/** The Service of cluster DNS, its one address, and what CoreDNS may read, as it says itself. */
function dnsObjects(address: string): readonly (readonly [path: string, object: unknown])[] {
  const metadata = { name: 'kube-dns', namespace: 'kube-system' };
  const ports = (['UDP', 'TCP'] as const).map((protocol) => ({
    name: protocol.toLowerCase(),
    protocol,
    port: 53,
  }));
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  return [
    ['/api/v1/namespaces/kube-system/services', { metadata, spec: { clusterIP: DNS_ADDRESS, ports } }],
    [
      '/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices',
      {
        metadata: { ...metadata, labels: { 'kubernetes.io/service-name': metadata.name } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [address], conditions: { ready: true } }],
        ports,
      },
    ],
    [
      `${rbac}/clusterroles`,
      {
        metadata: { name: 'system:coredns' },
        rules: [
          {
            apiGroups: [''],
            resources: ['endpoints', 'services', 'pods', 'namespaces'],
            verbs: ['list', 'watch'],
          },
          { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
        ],
      },
    ],
    [
      `${rbac}/clusterrolebindings`,
      {
        metadata: { name: 'system:coredns' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:coredns' },
        subjects: [{ kind: 'User', name: 'system:coredns', apiGroup: 'rbac.authorization.k8s.io' }],
      },
    ],
  ];
}
