import type { BootNode, BootTree } from './kernel.js';

/** A boot tree over the current state of the services, which are in start order. */
export function bootTree(services: readonly BootNode[], elapsedMs: number | undefined): BootTree {
  const plugins: { id: string; services: BootNode[] }[] = [];
  for (const service of services) {
    const plugin = plugins.find(({ id }) => id === service.plugin);
    if (plugin === undefined) plugins.push({ id: service.plugin, services: [service] });
    else plugin.services.push(service);
  }
  return { plugins, elapsedMs, toString: () => drawn(plugins, elapsedMs) };
}

function drawn(plugins: BootTree['plugins'], elapsedMs: number | undefined): string {
  const lines = [`rynxs ${time(elapsedMs)}`.trimEnd()];
  plugins.forEach(({ id, services }, index) => {
    const last = index === plugins.length - 1;
    lines.push(`${last ? '└─' : '├─'} ${id}`);
    services.forEach((service, position) => {
      const branch = position === services.length - 1 ? '└─' : '├─';
      const state = service.state === 'started' ? '' : `${service.state} `;
      lines.push(
        `${last ? '  ' : '│ '} ${branch} ${service.service} ${state}${time(service.elapsedMs)}`.trimEnd(),
      );
    });
  });
  return lines.join('\n');
}

function time(elapsedMs: number | undefined): string {
  return elapsedMs === undefined ? '' : `${elapsedMs < 10 ? elapsedMs.toFixed(1) : Math.round(elapsedMs)} ms`;
}
