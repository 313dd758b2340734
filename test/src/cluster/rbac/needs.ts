// Which of these permissions the operator has is not said there: that is found by running it.
export { ANCHOR, LEASE, type Need, OPERATOR_NEEDS as NEEDS, type Scope } from 'rynxs';
