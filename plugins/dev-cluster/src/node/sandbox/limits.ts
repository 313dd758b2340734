/** What a container may use at most. */
export interface ResourceLimits {
  readonly memoryBytes?: number;
  /** Cores; 0.5 is half of one. */
  readonly cpuCores?: number;
}

/** How limits are enforced, and on what. */
export interface LimitEnforcement {
  readonly by: 'CgroupV2' | 'CgroupV1' | 'Rlimits';
  /** `memory`, `cpu`, `pids`, as far as they are enforced. */
  readonly enforces: readonly string[];
}

/** No container of a node has more tasks (processes and threads) than this. */
export const MAX_TASKS = 4_096;

/** The limits of one running container. */
export interface ContainerLimits {
  /** Files that a process writes `0` to in order to come under the limits. */
  readonly procsFiles: readonly string[];
  /** Shell commands, for `sh`, that set limits for what is started afterwards. */
  readonly shellCommands: readonly string[];
  /** How often the kernel killed for want of memory. */
  oomKills(): number;
  /** Takes the limits away once the container's processes are gone. */
  release(): Promise<void>;
}

/** Sets limits by whatever this host offers. */
export interface Limiter {
  readonly enforcement: LimitEnforcement;
  /** `name` is unique among the containers that run. */
  limit(name: string, limits: ResourceLimits): ContainerLimits;
  /** Takes away what the limiter made for itself. Call it when no container runs. */
  close(): Promise<void>;
}

/**
 * Limits of single processes, for hosts without a cgroup that may be written: the data segment stands for memory, CPU
 * time cannot be shared out this way, and tasks are counted per user namespace (Linux 5.14) or per user.
 */
export const RLIMITS: Limiter = {
  enforcement: { by: 'Rlimits', enforces: ['memory of each process'] },
  limit: (_name, { memoryBytes }) => ({
    procsFiles: [],
    shellCommands: memoryBytes === undefined ? [] : [`ulimit -d ${Math.ceil(memoryBytes / 1_024)}`],
    oomKills: () => 0,
    release: async () => {},
  }),
  close: async () => {},
};
