import { expect } from 'chai';
import type { Json } from '../api-client.js';
import { type Area, type CaseContext, fact, refused, untilAsync } from '../conformance-case.js';
import { pods } from '../objects.js';

/** Channels of the streaming protocol: the first byte of each message. */
const [STDIN, STDOUT, STDERR, STATUS, CLOSE] = [0, 1, 2, 3, 255];

/** What a command wrote, and how it ended. */
interface Finished {
  readonly protocol: string;
  readonly stdout: string;
  readonly stderr: string;
  /** metav1.Status. */
  readonly status: Json;
}

interface ExecOptions {
  readonly protocols?: readonly string[];
  /** What the command reads; then its input ends. */
  readonly stdin?: string;
}

/** Makes a pod that runs a script, as the restricted profile wants it, and waits until it runs. Resolves to its path. */
async function running(
  { api, namespace, image }: CaseContext,
  name: string,
  script: string,
): Promise<string> {
  const path = `${pods(namespace)}/${name}`;
  await api.ok('POST', pods(namespace), {
    metadata: { name },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'main',
          image,
          command: ['/bin/sh', '-c', script],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  });
  const phase = async () => (await api.ok('GET', path)).status.phase;
  await untilAsync(async () => (await phase()) !== 'Pending', `${name} runs`, 60_000);
  return path;
}

/** Runs a command in a pod to its end. */
async function exec(
  { api }: CaseContext,
  path: string,
  command: readonly string[],
  { protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'], stdin }: ExecOptions = {},
): Promise<Finished> {
  const query = new URLSearchParams(command.map((word): [string, string] => ['command', word]));
  for (const stream of ['stdout', 'stderr', ...(stdin === undefined ? [] : ['stdin'])])
    query.set(stream, 'true');
  const socket = await api.webSocket(`${path}/exec?${query}`, protocols);
  const written = new Map<number, Buffer[]>();
  socket.on('message', (message: Buffer) => {
    const channel = message[0] ?? -1;
    written.set(channel, [...(written.get(channel) ?? []), message.subarray(1)]);
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  if (stdin !== undefined) {
    socket.send(Buffer.concat([Buffer.of(STDIN ?? 0), Buffer.from(stdin)]));
    socket.send(Buffer.of(CLOSE ?? 255, STDIN ?? 0));
  }
  await closed;
  const text = (channel: number | undefined) => Buffer.concat(written.get(channel ?? -1) ?? []).toString();
  const status = text(STATUS);
  return {
    protocol: socket.protocol,
    stdout: text(STDOUT),
    stderr: text(STDERR),
    status: status === '' ? undefined : JSON.parse(status),
  };
}

const IDLE = 'trap "exit 0" TERM; while :; do sleep 1 & wait $!; done';

export const RUNNING_PODS: Area = {
  name: 'running pods',
  cases: [
    fact(
      'a pod runs and says so',
      async (context) => {
        const path = await running(context, 'runs', IDLE);
        const isReady = async () => {
          const { status } = await context.api.ok('GET', path);
          return status.conditions.some((each: Json) => each.type === 'Ready' && each.status === 'True');
        };
        await untilAsync(isReady, 'the pod is Ready');
        const { spec, status } = await context.api.ok('GET', path);
        expect(spec.nodeName).to.be.a('string');
        expect(status.phase).to.equal('Running');
        expect(status.containerStatuses[0]).to.include({ name: 'main', ready: true, restartCount: 0 });
        expect(status.containerStatuses[0].state.running.startedAt).to.match(/Z$/);
      },
      'node',
    ),
    ...['v5.channel.k8s.io', 'v4.channel.k8s.io'].map((protocol) =>
      fact(
        `a command is run over ${protocol}, its streams apart`,
        async (context) => {
          const path = await running(context, `exec-${protocol.slice(0, 2)}`, IDLE);
          const script = 'echo out; echo err >&2';
          const finished = await exec(context, path, ['/bin/sh', '-c', script], { protocols: [protocol] });
          expect(finished).to.deep.include({ protocol, stdout: 'out\n', stderr: 'err\n' });
          expect(finished.status).to.deep.equal({ metadata: {}, status: 'Success' });
        },
        'node',
      ),
    ),
    fact(
      'the input of a command can be ended',
      async (context) => {
        const path = await running(context, 'input', IDLE);
        const { stdout } = await exec(context, path, ['cat'], { stdin: 'in and out' });
        expect(stdout).to.equal('in and out');
      },
      'node',
    ),
    fact(
      'a command that fails tells its exit code',
      async (context) => {
        const path = await running(context, 'fails', IDLE);
        const { status } = await exec(context, path, ['/bin/sh', '-c', 'exit 7']);
        expect(status).to.deep.include({
          status: 'Failure',
          message: 'command terminated with non-zero exit code: command terminated with exit code 7',
          reason: 'NonZeroExitCode',
        });
        expect(status.details.causes).to.deep.equal([{ reason: 'ExitCode', message: '7' }]);
      },
      'node',
    ),
    fact(
      'a command in a container that is not there is refused',
      async (context) => {
        const path = await running(context, 'elsewhere', IDLE);
        const attempt = context.api.webSocket(`${path}/exec?command=true&stdout=true&container=none`, [
          'v5.channel.k8s.io',
        ]);
        expect(await attempt.then(String, (error: Error) => error.message)).to.match(/40[04]/);
      },
      'node',
    ),
    fact(
      'logs are read, whole and the last of them',
      async (context) => {
        const { api } = context;
        const path = await running(context, 'logs', `echo one; echo two >&2; echo three; ${IDLE}`);
        await untilAsync(
          async () => (await api.call('GET', `${path}/log`)).text.includes('three'),
          'the log',
        );
        const lines = (text: string) => text.trimEnd().split('\n').sort();
        expect(lines((await api.call('GET', `${path}/log`)).text)).to.deep.equal(['one', 'three', 'two']);
        expect((await api.call('GET', `${path}/log?tailLines=1`)).text.split('\n')).to.have.lengthOf(2);
        expect((await api.call('GET', `${path}/log?timestamps=true&tailLines=1`)).text).to.match(
          /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z \w+\n$/,
        );
        expect((await api.call('GET', `${path}/log?limitBytes=2`)).text).to.have.lengthOf(2);
      },
      'node',
    ),
    fact(
      'the log of a container that is not there is 400',
      async (context) => {
        const path = await running(context, 'no-container', IDLE);
        refused(
          await context.api.call('GET', `${path}/log?container=none`),
          400,
          'BadRequest',
          'container none is not valid for pod no-container',
        );
      },
      'node',
    ),
    fact(
      'a pod that is deleted is given its time, and is then gone',
      async (context) => {
        const path = await running(context, 'deleted', IDLE);
        const { metadata } = await context.api.ok('DELETE', path);
        expect(metadata.deletionGracePeriodSeconds).to.equal(1);
        await untilAsync(
          async () => (await context.api.call('GET', path)).code === 404,
          'the end of the pod',
          30_000,
        );
      },
      'node',
    ),
    fact(
      'a pod whose command ends well has Succeeded when it is not to be restarted',
      async (context) => {
        const { api, namespace, image } = context;
        const path = `${pods(namespace)}/ends`;
        await api.ok('POST', pods(namespace), {
          metadata: { name: 'ends' },
          spec: {
            restartPolicy: 'Never',
            automountServiceAccountToken: false,
            containers: [
              {
                name: 'main',
                image,
                command: ['/bin/sh', '-c', 'exit 0'],
                securityContext: { runAsUser: 65532 },
              },
            ],
          },
        });
        await untilAsync(
          async () => (await api.ok('GET', path)).status.phase === 'Succeeded',
          'the end',
          60_000,
        );
        const { status } = await api.ok('GET', path);
        expect(status.containerStatuses[0].state.terminated).to.include({ exitCode: 0, reason: 'Completed' });
      },
      'node',
    ),
  ],
};
