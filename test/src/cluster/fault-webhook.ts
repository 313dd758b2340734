import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ApiClient } from './real-cluster.js';
import { ServerCertificate } from './server-certificate.js';

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

/** `deny` refuses what it is asked about; `silent` never answers. */
export type WebhookFault = 'deny' | 'silent';

/** A validating webhook that the API server asks about every Deployment of a namespace. */
export class FaultyWebhook implements AsyncDisposable {
  readonly name: string;
  readonly #api: ApiClient;
  readonly #certificate: ServerCertificate;
  readonly #server: Server;

  private constructor(
    api: ApiClient,
    namespace: string,
    fault: WebhookFault,
    certificate: ServerCertificate,
  ) {
    this.name = `${namespace}.policy.example.com`;
    this.#api = api;
    this.#certificate = certificate;
    const [key, cert] = [certificate.keyFile, certificate.certFile].map((file) => readFileSync(file));
    this.#server = createServer({ key, cert }, async (request, response) => {
      const { request: asked } = JSON.parse(await text(request));
      if (fault === 'silent') return;
      const status = { code: 403, message: 'no team has signed for it' };
      const body = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ...body, response: { uid: asked.uid, allowed: false, status } }));
    });
  }

  /** Resolves when the API server may ask it: from then on, but for the moment until it knows, it does. */
  static async start(api: ApiClient, namespace: string, fault: WebhookFault): Promise<FaultyWebhook> {
    const webhook = new FaultyWebhook(api, namespace, fault, await ServerCertificate.make());
    webhook.#server.listen(0, '127.0.0.1');
    await once(webhook.#server, 'listening');
    await api.must('POST', CONFIGURATIONS, webhook.#configuration(namespace));
    return webhook;
  }

  /** Takes its configuration away. */
  async remove(): Promise<void> {
    await this.#api.send('DELETE', `${CONFIGURATIONS}/${this.name}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
    this.#certificate[Symbol.dispose]();
  }

  #configuration(namespace: string): object {
    const { port } = this.#server.address() as AddressInfo;
    return {
      metadata: { name: this.name },
      webhooks: [
        {
          name: this.name,
          clientConfig: {
            url: `https://127.0.0.1:${port}/`,
            caBundle: Buffer.from(this.#certificate.ca).toString('base64'),
          },
          rules: [
            {
              apiGroups: ['apps'],
              apiVersions: ['v1'],
              resources: ['deployments'],
              operations: ['CREATE', 'UPDATE'],
            },
          ],
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          timeoutSeconds: 1,
          failurePolicy: 'Fail',
        },
      ],
    };
  }
}
