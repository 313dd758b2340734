/** Where users have the chart. */
export const CHART = './helm/rynxs';
/** Of every command that waits; in more time than that the operator would not come up at all. */
export const WAIT = ['--wait', '--timeout', '4m'] as const;
export const CRDS = ['agents.universe.ai', 'sessions.universe.ai', 'universes.universe.ai'] as const;
