/** Small named values whose changes nobody, the neighbourhood, or a committee of the whole network must agree to. */
export type RegisterOperations = {
  /** Those that the identity in use made, or may write to and this node keeps. */
  registers(): Promise<OwnRegisters>
  /** The newest that those who keep it show, with what is kept of its history. By reference, or by the name of an own one. */
  register(ref: string): Promise<RegisterFacts>
  /** Done when it stands; makes it where there is none of that class and name. `conflict.register`, `unavailable.quorum`. */
  setRegister(change: RegisterChange): Promise<RegisterFacts>
  /** What anybody can check without asking anybody: the text of a file. */
  proveRegister(ref: string): Promise<RegisterProof>
}

export type OwnRegisters = {
  /** Of the identity in use, for others to name it as a writer of theirs. */
  readonly key: string
  readonly registers: readonly RegisterFacts[]
}

export type RegisterClassName = 'private' | 'protected' | 'public'

export type RegisterChange = {
  /** A reference, or a name: of an own one, or of the one that is made. */
  readonly ref: string
  /** At most 16,000 bytes as UTF-8. */
  readonly value: string
  /** Of the one that is made, or to tell two of one name apart. */
  readonly class?: RegisterClassName | undefined
  /** Keys of others who may write to the one that is made, as `key` shows them. */
  readonly writers?: readonly string[] | undefined
}

export type RegisterFacts = {
  /** To give to others: begins with `anarq-register:`. */
  readonly reference: string
  readonly class: RegisterClassName
  /** Absent where it is another's private one. */
  readonly name?: string
  /** The key that made it, and by which it is known; whose that is stands nowhere. */
  readonly owner: string
  readonly writers: readonly string[]
  readonly isOwn: boolean
  /** Nodes that decide on the next change; none for a private one. */
  readonly electors: readonly string[]
  /** How many of them it takes. */
  readonly quorum: number
  /** Changes of value and of who decides, together. */
  readonly steps: number
  /** What is kept of its history, the newest first. */
  readonly versions: readonly RegisterVersionFacts[]
}

export type RegisterVersionFacts = {
  readonly version: number
  /** As its writer says; electors sign nothing that is ten minutes off. */
  readonly atMs: number
  readonly writer: string
  /** Absent where it is another's private one. */
  readonly value?: string
  /** Nodes that signed it, of so many. */
  readonly signers: readonly string[]
  readonly of: number
}

export type RegisterProof = { readonly reference: string; readonly proof: string }
