/** What lies at an https address. Only what the person added is asked for, and what came is nobody's before it is verified. */
export type Web = {
  /**
   * `refused.private-address`, `refused.redirect`, `limit.download`, `unavailable.web`, and `invalid.web-address` for what is none.
   */
  get(address: string, asked: WebAsked): Promise<Uint8Array>
}

export type WebAsked = {
  readonly bytesMax: number
  /** Of all of it. */
  readonly timeoutMs: number
  /** The person said that it lies on a machine of their own network. */
  readonly allowsPrivate?: boolean
  readonly signal?: AbortSignal | undefined
}
