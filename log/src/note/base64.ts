/**
 * The bytes of standard base64 (RFC 4648, section 4). Undefined for text that is not exactly how those bytes are
 * encoded: blanks, missing padding and stray bits, which Buffer would overlook.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
