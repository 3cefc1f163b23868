/** Branches as whoever uses the node asks about them. Plain data, as all operations. */

export type NewBranch = {
  readonly name: string
  /** DIDs, of whom cards are known here; absent: the founder alone. */
  readonly admins?: readonly string[] | undefined
  /** How many of them sign who comes in; absent: one. */
  readonly threshold?: number | undefined
  /** What is in its folders lies on members' nodes only. */
  readonly stays?: boolean | undefined
  /** What is in its folders may be shared with identities that are no members. */
  readonly sharesOutside?: boolean | undefined
  /** Where members have to be reached, as 10.0.0.0/8; absent: anywhere. */
  readonly networks?: readonly string[] | undefined
}

export type BranchFacts = {
  /** 64 hexadecimal digits. */
  readonly id: string
  /** Empty until the branch let this node in. */
  readonly name: string
  /** `asking`: this node waits to be let in. `member`: it holds a membership. `out`: none now. `left`: it went. */
  readonly state: 'asking' | 'left' | 'member' | 'out'
  readonly stays: boolean
  readonly sharesOutside: boolean
  readonly networks: readonly string[]
  readonly founder: string
  readonly admins: readonly string[]
  readonly threshold: number
  /** Whether the identity in use is one of the admins. */
  readonly isAdmin: boolean
  readonly charter: number
  readonly members: readonly BranchMemberFacts[]
  /** Paths of the folders of this drive whose content belongs to it. */
  readonly folders: readonly string[]
}

export type BranchMemberFacts = {
  readonly node: string
  readonly holder: string
  readonly untilMs: number
  readonly isSelf: boolean
  /** False while too few admins have signed. */
  readonly isAdmitted: boolean
  readonly signers: number
}

/** A node that asks to be let in, and the identity that says the node is its own. */
export type Applicant = {
  readonly nodeKey: Uint8Array
  readonly holder: string
  readonly card: Uint8Array
  readonly signature: Uint8Array
}
