import type { HealthCheck } from '@rynxs/kernel';
import { type Page, text } from './http-endpoint.js';

/**
 * The answer of `/livez` or `/readyz`: one line per check, in the words of the Kubernetes API server's own health
 * pages, and 503 when any of them fails.
 */
export function healthPage(path: string, checks: Iterable<HealthCheck>): Page {
  const lines: string[] = [];
  let healthy = true;
  for (const check of checks) {
    const reason = reasonOf(check);
    if (reason === undefined) {
      lines.push(`[+]${check.name} ok`);
    } else {
      healthy = false;
      lines.push(`[-]${check.name} failed: ${reason}`);
    }
  }
  lines.push(`${path} check ${healthy ? 'passed' : 'failed'}`);
  return text(healthy ? 200 : 503, `${lines.join('\n')}\n`);
}

// A check that throws breaks its contract; that is no reason to report health.
function reasonOf(check: HealthCheck): string | undefined {
  try {
    return check.check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
