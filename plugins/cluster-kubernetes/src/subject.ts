/** What a request was for, as messages name it. */
export interface Subject {
  /** `get`, `list`, `watch`, `create`, `update`, `update status of`, `delete`, `exec into`, `read the log of`. */
  readonly verb: string;
  /** `deployments.apps`. */
  readonly resource: string;
  /** `namespace/name`; absent for collections. */
  readonly object?: string;
  /** URL of the API server. */
  readonly server: string;
}
