/** A stream of nothing. */
export async function* nothing(): AsyncGenerator<never, void, undefined> {}

/** One value as a stream of one: whole content where pieces are asked for. */
export async function* once<T>(value: T): AsyncGenerator<T, void, undefined> {
  yield value
}
