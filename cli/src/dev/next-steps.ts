/** What to try while `rynxs dev` runs. Paths are shown relative to where the user is. */
export function nextSteps(details: {
  /** Name of an agent to try it on, with its namespace unless that is `default`. */
  readonly agent: { readonly name: string; readonly namespace: string } | undefined;
  readonly kubeconfig: string;
  readonly dataDir: string;
  /** URL of the metrics; undefined when none are served. */
  readonly metrics: string | undefined;
  /** Whether the commands would find this session's log and cluster without being told. */
  readonly inUsualPlace: boolean;
  /** How this program is called from where the user is: `npx rynxs` in a clone. */
  readonly command: string;
  /** URL of the log, for `--store`. */
  readonly log: string;
}): string {
  const { agent, command, dataDir, metrics, inUsualPlace, log } = details;
  const kubeconfig = shellWord(details.kubeconfig);
  const kubectl = `kubectl --kubeconfig ${kubeconfig}`;
  const store = inUsualPlace ? '' : ` --store ${shellWord(log)}`;
  const cluster = inUsualPlace ? '' : ` --kubeconfig ${kubeconfig}`;
  const lines = ['Leave this running, and try in another terminal:', '', `  ${kubectl} get agents`];
  if (agent !== undefined) {
    const scope = agent.namespace === 'default' ? '' : ` -n ${agent.namespace}`;
    lines.push(
      `  ${kubectl}${scope} exec deploy/${agent.name} -- sh -c 'echo hi > /workspace/x; id; ls /'`,
      `  ${kubectl}${scope} describe agent ${agent.name}`,
    );
  }
  lines.push(
    `  ${command} agents${cluster}`,
    `  ${command} log tail -f${store}`,
    `  ${command} log verify${store}`,
  );
  if (metrics !== undefined) lines.push(`  curl ${metrics}`);
  lines.push('', `Ctrl-C stops it. Agents, their workspaces and the log are kept in ${dataDir}.`, '');
  return lines.join('\n');
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
