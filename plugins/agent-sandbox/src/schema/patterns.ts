import type { PatternWords } from './structural-schema.js';

/** RFC 1123 label: what fits names of objects, label values and host names alike. */
export const DNS_LABEL = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';
/** RFC 1123 subdomain: names of classes and Secrets. */
export const DNS_SUBDOMAIN = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';
export const IMAGE = '^[a-zA-Z0-9][a-zA-Z0-9._:/@+-]*$';
export const ENV_NAME = '^[A-Za-z_][A-Za-z0-9_]*$';
export const SECRET_KEY = '^[-._a-zA-Z0-9]+$';
export const CPU = '^([0-9]{1,6}(\\.[0-9]{1,3})?|[0-9]{1,9}m)$';
/** Without `m`: a thousandth of a byte is always a slip of the pen. */
export const BYTES = '^[0-9]{1,15}(\\.[0-9]{1,3})?(k|M|G|T|Ki|Mi|Gi|Ti)?$';
export const CIDR =
  '^([0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}/[0-9]{1,2}|[0-9a-fA-F:]{2,39}/[0-9]{1,3})$';
export const DURATION = '^[1-9][0-9]{0,4}(s|m|h|d)$';
/** A path below the kubelet's directory of seccomp profiles; no part of it starts with a dot. */
export const SECCOMP_PROFILE = '^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$';
export const APP_ARMOR_PROFILE = '^[A-Za-z0-9][A-Za-z0-9._/-]*$';
export const TEXT_WITHOUT_NUL = '^[^\\x00]*$';

/** What each pattern asks for, in words. */
export const PATTERN_WORDS: PatternWords = {
  [DNS_LABEL]: 'lower-case letters, digits and hyphens, with a letter or digit at both ends',
  [DNS_SUBDOMAIN]: 'lower-case letters, digits, hyphens and dots, with a letter or digit at both ends',
  [IMAGE]: 'an image reference such as python:3.11-slim',
  [ENV_NAME]: 'letters, digits and underscores, not starting with a digit',
  [SECRET_KEY]: 'letters, digits, hyphens, dots and underscores',
  [CPU]: 'an amount of CPU such as 2, 0.5 or 500m',
  [BYTES]: 'an amount of bytes such as 512Mi or 10Gi',
  [CIDR]: 'a network such as 203.0.113.0/24 or 2001:db8::/32',
  [DURATION]: 'a duration such as 90s, 30m, 8h or 7d',
  [SECCOMP_PROFILE]: 'a relative path such as profiles/agent.json',
  [APP_ARMOR_PROFILE]: 'the name of a profile such as k8s-agent',
  [TEXT_WITHOUT_NUL]: 'text without NUL characters',
};
