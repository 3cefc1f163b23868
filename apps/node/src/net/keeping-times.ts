/** Beside the swarm, which is loaded with the network: what a node says of itself before. */
export const listEveryMsDefault: number = 24 * 3_600_000
/** A neighbourhood of two of which one is gone goes on after two minutes; then it becomes one with another. */
export const patienceMs: number = 3 * 60_000
