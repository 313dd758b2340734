import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { KubernetesObject } from '@rynxs/kernel';

/** What runs pods: the API server routes the streaming subresources of pods to it. */
export interface PodRuntime {
  /** Begins to watch pods bound to its node, through the storage's change feed. */
  start(signal: AbortSignal): Promise<void>;
  /** Ends every process that it started. */
  stop(signal: AbortSignal): Promise<void>;
  /**
   * Upgrade of a pods/exec request. The runtime completes the WebSocket handshake (v5.channel.k8s.io, v4) and runs the
   * command. `head` is the first packet of the upgraded stream.
   */
  exec(
    pod: KubernetesObject,
    query: URLSearchParams,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void;
  /**
   * pods/log: writes the whole answer, head included. Knows the query parameters follow, tailLines, container,
   * timestamps, sinceSeconds and previous. `signal` aborts when the client has gone away.
   */
  log(
    pod: KubernetesObject,
    query: URLSearchParams,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void>;
}
