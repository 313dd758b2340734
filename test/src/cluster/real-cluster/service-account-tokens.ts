import { createSign } from 'node:crypto';

/** Who signs the tokens, and whom they are for when nobody asks for another audience. */
export const ISSUER = 'https://kubernetes.default.svc.cluster.local';

/** How long after its expiry the API server still takes a token, as the clocks of two machines differ. */
const LEEWAY_SECONDS = 60;

export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * Signs a token as the API server does for a service account, with the claims that it looks at. The API server takes it
 * for the next `validMs`, and for ten seconds longer when it has seen it just before: so long it remembers.
 */
export function signServiceAccountToken(
  privateKey: string,
  { namespace, name, uid }: ServiceAccount,
  validMs: number,
): string {
  const nowSeconds = Math.floor(Date.now() / 1000);
  return signRs256(privateKey, {
    iss: ISSUER,
    aud: [ISSUER],
    sub: `system:serviceaccount:${namespace}:${name}`,
    iat: nowSeconds,
    nbf: nowSeconds,
    exp: nowSeconds + Math.ceil(validMs / 1000) - LEEWAY_SECONDS,
    'kubernetes.io': { namespace, serviceaccount: { name, uid } },
  });
}

/** A JSON Web Token in compact form (RFC 7515, 7.1; RS256 of RFC 7518, 3.3). */
function signRs256(privateKey: string, claims: unknown): string {
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const content = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${content}.${createSign('sha256').update(content).sign(privateKey, 'base64url')}`;
}
