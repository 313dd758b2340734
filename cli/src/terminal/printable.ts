/** Controls, and what turns or hides text: U+2028 and U+2029 end lines, the formats change the direction. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text from a log or a cluster as it may be written to a terminal: what could steer that is replaced by U+FFFD. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '\uFFFD');
}
