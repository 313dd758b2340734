import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { ApiClient } from './api-client.js';
import { Authority } from './certificates.js';
import type { ClusterDirectory, ClusterSettings } from './cluster-directory.js';
import { formatKubeconfig, readKubeconfig, type Server } from './kubeconfig.js';
import { NODE_NAME } from './node/components.js';
import type { Machine } from './node/machine.js';
import { type Component, startComponent, untilReady } from './processes.js';
import { ISSUER } from './service-account-tokens.js';

const START_TIMEOUT_MS = 120_000;
const COMPONENTS_VALID_MS = 365 * 86_400_000;
const SERVICE_RANGE = '10.96.0.0/16';
/** As /proc/net/tcp writes it. */
const TCP_LISTEN = '0A';
/** The first address of the range is the Service `kubernetes`. */
const SERVICE_ADDRESS = '10.96.0.1';
/** One file is enough for the longest of tests; a second one would be missed by who counts. */
const AUDIT_LOG_MB = 4_000;

/**
 * Every request of a client once, when it is answered, and watches when they begin too; without bodies, without the API
 * server's own requests, and without those that only ask whether it is ready.
 */
const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'Panic'],
  rules: [
    { level: 'None', users: ['system:apiserver'] },
    { level: 'None', nonResourceURLs: ['/readyz*', '/livez*', '/healthz*'] },
    { level: 'Metadata' },
  ],
};

/** Starts and stops the processes of a cluster that are not on a node. */
export class ControlPlane {
  constructor(
    readonly directory: ClusterDirectory,
    readonly settings: ClusterSettings,
    /** Path of the program built from test/cluster/kubernetes. */
    readonly program: string,
    /** Whose network it is on, in a cluster that has a node. */
    readonly machine?: Machine,
  ) {}

  /** Where the API server answers. */
  get server(): Server {
    const { ports, node } = this.settings;
    return {
      url: `https://${node?.node ?? '127.0.0.1'}:${ports.apiserver}`,
      ca: readFileSync(join(this.directory.pki, 'ca.crt'), 'utf8'),
    };
  }

  /** Makes keys, certificates, kubeconfigs and the audit policy. */
  async prepare(): Promise<void> {
    const authority = await Authority.make(this.directory.pki);
    const { node } = this.settings;
    const ips = ['127.0.0.1', SERVICE_ADDRESS, ...(node === undefined ? [] : [node.node])];
    const names = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
    await authority.writeServer('apiserver', { ips, names });
    await authority.writeClient('apiserver-kubelet', { user: 'apiserver', groups: ['system:masters'] });
    const administrator = await authority.client({ user: 'administrator', groups: ['system:masters'] });
    writeFileSync(this.directory.kubeconfig, formatKubeconfig(this.server, administrator), { mode: 0o600 });
    for (const name of ['controller-manager', 'scheduler', 'proxy']) {
      await this.#writeKubeconfig(authority, name, `system:kube-${name}`);
    }
    if (node !== undefined) {
      await authority.writeServer('kubelet', { ips: [node.node], names: [] });
      await this.#writeKubeconfig(authority, 'kubelet', `system:node:${NODE_NAME}`, ['system:nodes']);
      await this.#writeKubeconfig(authority, 'dns', 'system:coredns');
    }
    writeFileSync(this.directory.file('audit-policy.yaml'), stringify(AUDIT_POLICY));
    writeFileSync(this.directory.auditLog, '', { mode: 0o600 });
  }

  /** Starts what writes objects by itself; ready when it can be, nothing waits for it. */
  async startControllers(): Promise<void> {
    if (this.settings.controllers.length > 0) await this.#startControllerManager();
    if (this.machine !== undefined) await this.#startScheduler();
  }

  /** Starts a server of data that is as durable as its process: only a crash of the machine could lose some. */
  async startEtcd(): Promise<void> {
    const { etcd, etcdPeer } = this.settings.ports;
    const peer = `http://127.0.0.1:${etcdPeer}`;
    const component = await this.#start('etcd', [
      '--name=default',
      `--data-dir=${this.directory.etcd}`,
      `--listen-client-urls=http://127.0.0.1:${etcd}`,
      `--advertise-client-urls=http://127.0.0.1:${etcd}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
    ]);
    await this.#untilReady(component, async () => isListening(component.pid, etcd));
  }

  async startApiServer(): Promise<void> {
    const { node, ports } = this.settings;
    const pki = (name: string) => join(this.directory.pki, name);
    const component = await this.#start('kube-apiserver', [
      `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
      `--bind-address=${node?.node ?? '127.0.0.1'}`,
      `--advertise-address=${node?.node ?? '127.0.0.1'}`,
      `--secure-port=${ports.apiserver}`,
      // Endpoints of the Service `kubernetes` may not be on the loopback interface, where no pod could reach them.
      `--endpoint-reconciler-type=${node === undefined ? 'none' : 'lease'}`,
      `--tls-cert-file=${pki('apiserver.crt')}`,
      `--tls-private-key-file=${pki('apiserver.key')}`,
      `--client-ca-file=${pki('ca.crt')}`,
      `--service-account-issuer=${ISSUER}`,
      `--service-account-key-file=${pki('service-accounts.pub')}`,
      `--service-account-signing-key-file=${pki('service-accounts.key')}`,
      `--service-cluster-ip-range=${SERVICE_RANGE}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      `--audit-policy-file=${this.directory.file('audit-policy.yaml')}`,
      `--audit-log-path=${this.directory.auditLog}`,
      `--audit-log-maxsize=${AUDIT_LOG_MB}`,
      '--kubelet-preferred-address-types=InternalIP',
      `--kubelet-certificate-authority=${pki('ca.crt')}`,
      `--kubelet-client-certificate=${pki('apiserver-kubelet.crt')}`,
      `--kubelet-client-key=${pki('apiserver-kubelet.key')}`,
      '--profiling=false',
    ]);
    const { server, credentials } = readKubeconfig(this.directory.kubeconfig);
    using client = ApiClient.of(server, credentials);
    await this.#untilReady(component, async () => {
      const answer = await client.send('GET', '/readyz').catch(() => undefined);
      return answer?.status === 200;
    });
  }

  async #startControllerManager(): Promise<void> {
    const { controllers } = this.settings;
    const kubeconfig = this.directory.file('controller-manager.kubeconfig');
    await this.#start('kube-controller-manager', [
      `--kubeconfig=${kubeconfig}`,
      `--controllers=${controllers.join(',')}`,
      '--leader-elect=false',
      '--secure-port=0',
      '--use-service-account-credentials',
      `--service-account-private-key-file=${join(this.directory.pki, 'service-accounts.key')}`,
      `--root-ca-file=${join(this.directory.pki, 'ca.crt')}`,
      '--profiling=false',
    ]);
  }

  async #startScheduler(): Promise<void> {
    await this.#start('kube-scheduler', [
      `--kubeconfig=${this.directory.file('scheduler.kubeconfig')}`,
      '--leader-elect=false',
      '--secure-port=0',
    ]);
  }

  async #writeKubeconfig(authority: Authority, name: string, user: string, groups: string[] = []) {
    const credentials = await authority.client({ user, groups, validMs: COMPONENTS_VALID_MS });
    const text = formatKubeconfig(this.server, credentials);
    writeFileSync(this.directory.file(`${name}.kubeconfig`), text, { mode: 0o600 });
  }

  #start(name: string, flags: readonly string[]): Promise<Component> {
    const { path } = this.directory;
    const program = [this.program, name, ...flags];
    const command = this.machine?.onItsNetwork(program) ?? program;
    return startComponent({ directory: path, name, command, logFile: this.directory.log(name) });
  }

  #untilReady(component: Component, isReady: () => Promise<boolean>): Promise<void> {
    const logFile = this.directory.log(component.name);
    return untilReady(this.directory.path, component, logFile, isReady, START_TIMEOUT_MS);
  }
}

/** Whether somebody listens on the port in the network that the process is on, which may be another than ours. */
function isListening(pid: number, port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  try {
    const lines = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n');
    return lines.some((line) => {
      const [, local, , state] = line.trim().split(/\s+/);
      return local?.endsWith(wanted) === true && state === TCP_LISTEN;
    });
  } catch {
    return false;
  }
}
