/** Names the program that is built from test/cluster/kubernetes. */
export const KUBERNETES_VARIABLE = 'RYNXS_TEST_KUBERNETES';
/** Names the program that is built from test/cluster/coredns. */
export const COREDNS_VARIABLE = 'RYNXS_TEST_COREDNS';

/** Path of the program that a variable names. */
export function programOf(variable: string): string {
  const program = process.env[variable];
  if (program !== undefined) return program;
  throw new Error(
    `${variable} names no program; npm run test:cluster and npm run cluster build it and set it`,
  );
}
