/**
 * Cases of the conformance suite that come out otherwise on the embedded cluster, each with the reason. The suite fails when
 * one of them no longer differs. `docs/EXPECTED_DIFFERENCES.md` shows the same table, beside what no case is about.
 */
export const EXPECTED_DIFFERENCES: Readonly<Record<string, string>> = {};
