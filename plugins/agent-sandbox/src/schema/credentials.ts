/**
 * Literal values of variables with such names are refused: they would stand in the Agent, in the Deployment and in a
 * log that cannot forget. In the syntax that RE2 and JavaScript share, for names in any case.
 */
export const CREDENTIAL_NAME =
  '(password|passwd|passphrase|secret|token|credentials?|(api|access|auth|secret|private|signing|encryption)_?key|access_?key_?id)$';

/** What stands in the log for text that was not recorded. */
export const REDACTED = '[redacted]';

/** Repetitions are bounded, so that no text takes long to look at. */
const CREDENTIAL_VALUES = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\b(AKIA|ASIA)[0-9A-Z]{16}\b/,
  /\bgh[pousr]_[A-Za-z0-9]{36}/,
  /\bgithub_pat_[A-Za-z0-9_]{22}/,
  /\bxox[abprs]-[A-Za-z0-9-]{10}/,
  /\bsk-[A-Za-z0-9_-]{20}/,
  /\beyJ[A-Za-z0-9_-]{10,512}\.[A-Za-z0-9_-]{10,4096}\.[A-Za-z0-9_-]{10}/,
  /:\/\/[^/\s:@]*:[^$/\s:@][^/\s:@]*@/,
];

const name = new RegExp(CREDENTIAL_NAME, 'i');

/** Whether a variable of this name usually holds a secret. */
export function isCredentialName(variable: string): boolean {
  return name.test(variable);
}

/** Whether text has the shape of a well-known kind of secret: a private key, a provider's token, a URL with a password. */
export function looksLikeCredential(text: string): boolean {
  return CREDENTIAL_VALUES.some((pattern) => pattern.test(text));
}
