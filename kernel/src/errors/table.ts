interface ErrorEntry {
  /** What is wrong and where; `{name}` is filled in from the error's details. */
  readonly message: string;
  /** What the user can do about it. */
  readonly remedy: string;
  /** Exit code of a command that ends with it: 1 failed, 2 wrong use or unreadable input. */
  readonly exitCode: number;
}

/** Every error that Rynxs reports on purpose. Codes are permanent: never rename, never reuse. */
export const ERROR_TABLE = {
  RYNXS_LOG_LOCKED: {
    message: 'the event log at {location} is in use by {holder}',
    remedy: 'Stop that process, or choose another directory with --data-dir (LOG_DIR).',
    exitCode: 1,
  },
  RYNXS_LOG_DAMAGED: {
    message:
      'the event log at {location} is damaged at seq {seq}: {kind} ({detail}); the last good record is {lastGood}',
    remedy:
      'Nothing was changed. Keep a copy, run `rynxs log verify`, and restore the log from a good copy before starting again.',
    exitCode: 1,
  },
  RYNXS_LOG_FENCED: {
    message:
      'another writer has appended to the event log at {location} at seq {seq}; this writer (epoch {epoch}) has ended',
    remedy:
      'Nothing was lost. Make sure that only one operator uses this log; see `rynxs log tail` for who wrote.',
    exitCode: 1,
  },
  RYNXS_LOG_FOREIGN: {
    message: 'the event log at {location} belongs to {what} {found}, not to {expected}',
    remedy: 'Point the store at the log of this cluster, or start a new log in an empty place.',
    exitCode: 1,
  },
  RYNXS_LOG_ROLLED_BACK: {
    message:
      'the event log at {location} is not what it was: {detail}; the last good record is {lastGood}, and what came after {since} is missing',
    remedy:
      'Nothing was changed, and nothing is written. Restore the log from a good copy. If the loss is final, accept it on the record: `rynxs log recover --accept-loss --reason TEXT`.',
    exitCode: 1,
  },
  RYNXS_LOG_NOT_LOST: {
    message: 'nothing is missing from the event log at {location}',
    remedy: 'There is nothing to recover: start the operator.',
    exitCode: 1,
  },
  RYNXS_LOG_KEY: {
    message: 'the key {key} cannot be used: {detail}',
    remedy:
      'Make a signing key with `rynxs keys generate`; `rynxs keys show` prints what verifies its signatures.',
    exitCode: 2,
  },
  RYNXS_STORE_UNSAFE: {
    message:
      'the store at {location} is no fence between writers: {winners} of {racers} that created one name at once were told that they did',
    remedy: 'Use a server that honours If-None-Match, or a single operator with LEADERSHIP_TYPE=standalone.',
    exitCode: 1,
  },
  RYNXS_LOG_FULL: {
    message: 'no space for the event log at {location}: {detail}',
    remedy: 'Free space; nothing was lost, and the operator goes on by itself.',
    exitCode: 1,
  },
  RYNXS_LOG_UNAVAILABLE: {
    message: 'the event log at {location} cannot be used: {detail}',
    remedy: 'Check that the place exists, can be reached and may be written.',
    exitCode: 2,
  },
  RYNXS_LOG_CLOSED: {
    message: 'the event log at {location} is closed',
    remedy: 'This is a defect of the caller: nothing may be appended after the log was closed.',
    exitCode: 1,
  },
  RYNXS_LOG_SEQ_EXHAUSTED: {
    message: 'the event log at {location} has reached its last sequence number, 9999999999',
    remedy: 'Start a new log.',
    exitCode: 1,
  },
  RYNXS_EVENT_TOO_LARGE: {
    message: 'an event of type {type} for {aggregate} has {bytes} bytes; a record holds at most {limitBytes}',
    remedy: 'Make the object smaller: the log records names and digests, and specs up to 32 KiB.',
    exitCode: 1,
  },
  RYNXS_EVENT_INVALID: {
    message: 'an event of type {type} for {aggregate} cannot be recorded: {detail}',
    remedy: 'This is a defect of the plugin that made the event: payloads are JSON with a version `v`.',
    exitCode: 1,
  },
  RYNXS_REDUCER_FAILED: {
    message: 'the state cannot be computed from seq {seq} ({type} of {aggregate}): {detail}',
    remedy:
      'This is a defect of the reconciler, the log is not to blame: use a version of the plugin that can read its own events.',
    exitCode: 1,
  },
  RYNXS_LEADERSHIP_LOST: {
    message: 'leadership has ended: {detail}',
    remedy: 'Another replica goes on; nothing is to be done.',
    exitCode: 1,
  },
  RYNXS_LEADERSHIP_HELD_OFF: {
    message:
      'the term may write to the cluster in {waitMs} ms: the one before it did not say that it has ended',
    remedy: 'Nothing is to be done: it acts by itself when the time is over.',
    exitCode: 1,
  },
  RYNXS_LEADER_NONE: {
    message: 'nobody leads: {detail}',
    remedy:
      'Start an operator with LEADERSHIP_TYPE=lease, or name the namespace that the operators are in with --namespace.',
    exitCode: 1,
  },
  RYNXS_LEADER_TRANSFER: {
    message: '{from} did not hand leadership over as asked: {detail}',
    remedy:
      'The request is withdrawn. `rynxs leader` tells who leads; another replica must run with LEADERSHIP_TYPE=lease to take over, and --wait gives it more time.',
    exitCode: 1,
  },
  RYNXS_METRICS_PORT: {
    message: 'metrics or health cannot be served on {address}: {detail}',
    remedy: 'Set {variable} to a free port (0 lets the system choose), or METRICS_HOST to another address.',
    exitCode: 1,
  },
  RYNXS_METRIC_CONFLICT: {
    message: 'metric {metric} was defined before with another type, help text, label set or buckets',
    remedy:
      'This is a defect of the plugin: give the metric a name of its own, or the same definition everywhere.',
    exitCode: 1,
  },
  RYNXS_CONFIG_INVALID: {
    message: '{setting} ({where}) is not valid: {detail}',
    remedy: 'Correct it; `rynxs config docs` lists what every setting accepts.',
    exitCode: 2,
  },
  RYNXS_CONFIG_MISSING: {
    message: '{setting} is not set, but plugin {plugin} needs it',
    remedy: 'Set {env}, or `{setting}` in rynxs.yaml.',
    exitCode: 2,
  },
  RYNXS_CONFIG_UNKNOWN: {
    message: 'there is no setting {setting} ({where})',
    remedy: '{suggestion}; `rynxs config docs` lists all settings.',
    exitCode: 2,
  },
  RYNXS_CONFIG_FILE: {
    message: 'the configuration file {file} cannot be used: {detail}',
    remedy: 'Correct the file, or name another one with --config.',
    exitCode: 2,
  },
  RYNXS_PLUGIN_NOT_FOUND: {
    message: 'plugin {plugin} is not there: {detail}',
    remedy: 'Install the package or correct the path in RYNXS_PLUGINS.',
    exitCode: 2,
  },
  RYNXS_PLUGIN_INVALID: {
    message: 'plugin {plugin} is not a valid plugin: {detail}',
    remedy:
      'This is a defect of the plugin: see docs/PLUGINS.md for what it must define, or use another version of it.',
    exitCode: 1,
  },
  RYNXS_PLUGIN_API_VERSION: {
    message: 'plugin {plugin} was written for contract version {found}; this kernel speaks {supported}',
    remedy: 'Install a version of {plugin} for this version of Rynxs, or the version of Rynxs that it needs.',
    exitCode: 2,
  },
  RYNXS_PLUGIN_LOAD_FAILED: {
    message: 'plugin {plugin} failed while it was loaded: {detail}',
    remedy: 'See the cause; correct the plugin, or take {plugin} out of RYNXS_PLUGINS.',
    exitCode: 1,
  },
  RYNXS_PLUGIN_LOAD_TIMEOUT: {
    message: 'plugin {plugin} was not loaded within {timeout}',
    remedy:
      'A module must load without waiting for anything: move such work into `start`, or raise START_TIMEOUT.',
    exitCode: 1,
  },
  RYNXS_PLUGIN_DUPLICATE: {
    message: 'two plugins have the id {plugin}: {first} and {second}',
    remedy: 'Take one of them out of RYNXS_PLUGINS; an id must be unique.',
    exitCode: 2,
  },
  RYNXS_PLUGIN_START_FAILED: {
    message: 'plugin {plugin} failed to start {service}: {detail}',
    remedy: '{remedy}',
    exitCode: 1,
  },
  RYNXS_PLUGIN_START_TIMEOUT: {
    message: 'plugin {plugin} did not start {service} within {timeout}',
    remedy: 'Check what {plugin} waits for (network, storage, permissions), or raise START_TIMEOUT.',
    exitCode: 1,
  },
  RYNXS_PLUGIN_STOP_FAILED: {
    message: 'plugin {plugin} failed to stop {service}: {detail}',
    remedy: 'Everything else was stopped; see the cause.',
    exitCode: 1,
  },
  RYNXS_PLUGIN_STOP_TIMEOUT: {
    message: 'plugin {plugin} did not stop {service} within {timeout}; it was left behind',
    remedy: 'Everything else was stopped. Check what {plugin} waits for, or raise STOP_TIMEOUT.',
    exitCode: 1,
  },
  RYNXS_PROVIDER_MISSING: {
    message: '{requirer} requires {token}, and no loaded plugin provides it',
    remedy: '{suggestion}',
    exitCode: 2,
  },
  RYNXS_PROVIDER_DUPLICATE: {
    message: '{token} ({type}) is provided twice: by plugin {first} and by plugin {second}',
    remedy: 'Take one of the two plugins out, or let one provide another type.',
    exitCode: 2,
  },
  RYNXS_PROVIDER_CYCLE: {
    message: 'services require each other in a circle, so none can start first: {cycle}',
    remedy: 'This is a defect of these plugins: one of them must not require the next.',
    exitCode: 1,
  },
  RYNXS_PROVIDER_UNKNOWN_TYPE: {
    message: '{variable}={type}: no loaded plugin provides {token} of this type; known: {known}',
    remedy: '{suggestion}',
    exitCode: 2,
  },
  RYNXS_SERVICE_UNAVAILABLE: {
    message: '{token} was asked for, but {detail}',
    remedy: 'This is a defect of the caller: services can be used between the end of `start` and `stop`.',
    exitCode: 1,
  },
  RYNXS_KUBECONFIG_INVALID: {
    message: 'the kubeconfig from {location} cannot be used: {detail}',
    remedy:
      'Set KUBECONFIG, and KUBE_CONTEXT where it holds several contexts, to one that works with kubectl.',
    exitCode: 2,
  },
  RYNXS_CLUSTER_UNREACHABLE: {
    message: 'the Kubernetes API at {server} cannot be used: {detail}',
    remedy: 'Check that it runs and can be reached from here; `kubectl get --raw /version` asks the same.',
    exitCode: 1,
  },
  RYNXS_CLUSTER_DENIED: {
    message: 'the Kubernetes API at {server} refuses: {detail}',
    remedy: 'Renew the credentials of the kubeconfig, or grant what is missing with a ClusterRole.',
    exitCode: 1,
  },
  RYNXS_USAGE: {
    message: '{detail}',
    remedy: 'See `rynxs --help`, or `rynxs COMMAND --help` for the options of a command.',
    exitCode: 2,
  },
  RYNXS_STORE_URL: {
    message: 'the log {url} cannot be read: {detail}',
    remedy: 'Name the log with --store file://DIR or s3://BUCKET/PREFIX.',
    exitCode: 2,
  },
  RYNXS_LOG_NOT_FOUND: {
    message: 'there is no event log at {location}, or nothing is in it yet',
    remedy: 'Name the log with --store file://DIR or s3://BUCKET/PREFIX, or start one with `rynxs dev`.',
    exitCode: 2,
  },
  RYNXS_LOG_NO_SUCH_RECORD: {
    message: 'the event log at {location} has no record {seq}',
    remedy: 'See `rynxs log tail -n 1` for the last one.',
    exitCode: 2,
  },
  RYNXS_OUTPUT_FILE: {
    message: '{file} cannot be written: {detail}',
    remedy: 'Name a file that does not exist, in a directory that you may write.',
    exitCode: 2,
  },
  RYNXS_INPUT_FILE: {
    message: '{file} cannot be read: {detail}',
    remedy: 'Correct the path, or make the file readable.',
    exitCode: 2,
  },
  RYNXS_EXPORT_DIRECTORY: {
    message: '{dir} cannot take the export: {detail}',
    remedy: 'Name a directory that is empty or does not exist; nothing was changed in this one.',
    exitCode: 2,
  },
  RYNXS_PROOF_INVALID: {
    message: '{file} proves nothing: {detail}',
    remedy: 'Ask for it again where it came from; if it stays so, the log or the proof was tampered with.',
    exitCode: 1,
  },
  RYNXS_CHECKPOINT_INVALID: {
    message: 'the checkpoint {name} cannot be used: {detail}',
    remedy: 'Pass a signed checkpoint of this log, as it is in the store under checkpoints/.',
    exitCode: 2,
  },
  RYNXS_CHECKPOINT_MISSING: {
    message: 'no signed checkpoint of the log at {location} {detail}',
    remedy:
      'The operator signs one every minute and when it stops: give it a signing key, or wait for the next.',
    exitCode: 2,
  },
  RYNXS_MANIFEST_UNREADABLE: {
    message: 'the manifest {file} cannot be read: {detail}',
    remedy: 'Correct the path; examples/agent-basic.yaml is a manifest that works.',
    exitCode: 2,
  },
  RYNXS_MANIFEST_INVALID: {
    message: '{file}:{line}: {detail}',
    remedy: 'Correct that line; nothing was started or applied.',
    exitCode: 2,
  },
  RYNXS_MANIFEST_REFUSED: {
    message: '{file}:{line}: the cluster refuses {object}: {detail}',
    remedy: 'Correct the manifest and apply it again.',
    exitCode: 2,
  },
  RYNXS_DATA_DIR: {
    message: '{dir} cannot be used to keep data in: {detail}',
    remedy: 'Name a directory that you may write with --data-dir.',
    exitCode: 2,
  },
  RYNXS_DATA_DIR_IN_USE: {
    message: '{dir} is in use by {holder}',
    remedy:
      'Rynxs runs there already: use it, stop it with Ctrl-C, or start another one with --data-dir, --port 0, --metrics-port 0 and --health-port 0.',
    exitCode: 1,
  },
  RYNXS_CLUSTER_REQUEST: {
    message: 'the cluster did not {what}: {detail}',
    remedy: 'Check that the cluster runs and that --kubeconfig names it; `rynxs dev` starts one.',
    exitCode: 1,
  },
  RYNXS_AGENT_NOT_READY: {
    message: '{agent} was not Ready within {timeout}; it waits for {waiting}',
    remedy:
      'See `kubectl describe` for its events and rynxs.log in the data directory; --timeout gives it more time.',
    exitCode: 1,
  },
  RYNXS_AGENT_BLOCKED: {
    message: '{agent} cannot become Ready: {reason}: {detail}',
    remedy: 'Remove the obstacle; waiting does not help.',
    exitCode: 1,
  },
  RYNXS_DEV_CLUSTER_PORT: {
    message: 'the embedded cluster cannot listen on 127.0.0.1:{port}: {detail}',
    remedy:
      'Stop what uses the port, or set EMBEDDED_CLUSTER_PORT (--port) to a free one; 0 lets the system choose.',
    exitCode: 1,
  },
  RYNXS_DEV_CLUSTER_LOCKED: {
    message: 'the embedded cluster in {dir} is in use by {holder}',
    remedy: 'Stop that process, or set EMBEDDED_CLUSTER_DIR (--data-dir) to another directory.',
    exitCode: 1,
  },
  RYNXS_DEV_CLUSTER_DAMAGED: {
    message: 'the state of the embedded cluster in {file} cannot be read at line {line}: {detail}',
    remedy:
      'Nothing was changed. Restore the file from a copy, or move it away to start with an empty cluster; the event log is not affected.',
    exitCode: 1,
  },
  RYNXS_DEV_CLUSTER_DIRECTORY: {
    message: 'the embedded cluster cannot use {path}: {detail}',
    remedy: 'Make the directory writable, or set EMBEDDED_CLUSTER_DIR (--data-dir) to another one.',
    exitCode: 1,
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

/** A code of the table. */
export type ErrorCode = keyof typeof ERROR_TABLE;
