const LOG_LINES = 15;
const EVENTS_SHOWN = 10;

/** How the pods of a namespace do, what warns of them, and what those say that are not ready: for who has to find out why. */
export async function describeTrouble(cluster, namespace, signal) {
  try {
    const pods = await cluster.list(`/api/v1/namespaces/${namespace}/pods`, signal);
    const events = await cluster.list(`/api/v1/namespaces/${namespace}/events`, signal);
    const unready = pods.filter((pod) => !isReady(pod));
    const logs = await Promise.all(unready.map((pod) => lastLines(cluster, namespace, pod, signal)));
    return [...pods.map(describePod), ...warnings(events), ...logs.flat()].join('\n');
  } catch (error) {
    signal.throwIfAborted();
    return `  (why cannot be told: ${error.message})`;
  }
}

/** Whether a pod is ready and not on its way out. */
export function isReady({ metadata, status }) {
  if (metadata.deletionTimestamp !== undefined) return false;
  return (status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');
}

function describePod(pod) {
  const { metadata, status } = pod;
  const states = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].map(
    ({ name, state, restartCount }) => {
      const { reason = '', message = '' } = state.waiting ?? state.terminated ?? {};
      return `${name} ${[Object.keys(state)[0], reason, message].filter(Boolean).join(' ')}, ${restartCount} restarts`;
    },
  );
  return `  pod ${metadata.name}: ${isReady(pod) ? 'ready' : [status.phase, ...states].join('; ')}`;
}

function warnings(events) {
  return events
    .filter(({ type }) => type === 'Warning')
    .slice(-EVENTS_SHOWN)
    .map(
      ({ involvedObject, reason, message }) =>
        `  ${involvedObject.kind} ${involvedObject.name}: ${reason}: ${message}`,
    );
}

async function lastLines(cluster, namespace, pod, signal) {
  const { name } = pod.metadata;
  const found = [];
  for (const container of pod.spec.containers) {
    const query = `container=${container.name}&tailLines=${LOG_LINES}`;
    const { status, body } = await cluster.request(
      'GET',
      `/api/v1/namespaces/${namespace}/pods/${name}/log?${query}`,
      { signal },
    );
    if (status !== 200 || body === '') continue;
    found.push(
      `  last lines of ${name} ${container.name}:`,
      ...String(body)
        .trimEnd()
        .split('\n')
        .map((line) => `    ${line}`),
    );
  }
  return found;
}
