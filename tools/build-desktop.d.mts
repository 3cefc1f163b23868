/** Gives true where it built. Throws with what the bundler said where that failed. */
export function buildDesktop(nodePath?: string): boolean
