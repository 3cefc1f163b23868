/** What can be asked about browsers that act for the identity in use. The door that they come by implements it. */

export type BrowserFacts = {
  readonly id: string
  /** What people call it. */
  readonly browser: string
  readonly sinceMs: number
  readonly untilMs: number
  /** The one that asks. */
  readonly isCurrent: boolean
}

/** A browser that asks to be let in; it shows the same six digits. */
export type BrowserAsk = {
  readonly id: string
  readonly browser: string
  readonly digits: string
  readonly askedMs: number
}

export type BrowserOperations = {
  list(): Promise<readonly BrowserFacts[]>
  asks(): Promise<readonly BrowserAsk[]>
  /** `missing.ask` where nobody asks any more. */
  answer(input: { id: string; isApproved: boolean }): Promise<void>
  /** It has to unlock again before it can do anything. */
  end(input: { id: string }): Promise<void>
}
