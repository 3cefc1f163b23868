/** One change at a time of what lies at a path: two new files of one name would otherwise become two files. */
export type Turns = { take<T>(paths: readonly string[], act: () => Promise<T>): Promise<T> }

export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return {
    async take(paths, act) {
      // All at once, so that nobody waits in a circle.
      const before = paths.map((path) => last.get(path))
      const turn = Promise.all(before).then(act)
      const ended = turn.then(
        () => {},
        () => {},
      )
      for (const path of paths) last.set(path, ended)
      try {
        return await turn
      } finally {
        for (const path of paths) if (last.get(path) === ended) last.delete(path)
      }
    },
  }
}
