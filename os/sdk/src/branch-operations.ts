import type { BranchFacts, NewBranch } from '@anarq/kernel'

/** Branches: networks of an organisation's own inside the network. A branch is named by its name, its id, or the beginning of that. */
export type BranchOperations = {
  /** Of the identity in use. */
  list(): Promise<readonly BranchHere[]>
  /** `missing.branch` where there is none of that name. */
  show(ref: string): Promise<BranchHere>
  /** `invalid.charter` for rules that cannot be kept. */
  create(wish: NewBranch): Promise<BranchHere>
  /** One line for whoever is to come in; a member's node makes it. `refused.branch-member`, `refused.not-reachable`. */
  invite(ref: string): Promise<{ readonly invitation: string; readonly endsMs: number }>
  /** Asks to come in, again and again until an admin has let this node in or it leaves. */
  join(invitation: string): Promise<BranchHere>
  /** Lets a node in that asks for it, or adds a signature where several admins must sign. `refused.branch-admin`, `missing.applicant`. */
  admit(ref: string, node: string, options?: { days?: number | undefined }): Promise<BranchHere>
  /** Ends a membership at once. `refused.branch-admin`, `missing.member`. */
  expel(ref: string, node: string): Promise<BranchHere>
  /** From now on content below this folder, which must be empty, belongs to the branch. `conflict.not-empty`, `conflict.branch`. */
  keep(ref: string, folder: string): Promise<BranchHere>
  leave(ref: string): Promise<BranchHere>
  /** A file that shows, by signatures alone, who holds what lies in the folder. `limit.branch-proof` where that is too much for one. */
  prove(folder: string): Promise<BranchProof>
}

export type BranchHere = BranchFacts & {
  /** Ids of members that answer. */
  readonly others: readonly string[]
  /** What is held here for other members. */
  readonly held: { readonly blocks: number; readonly bytes: number }
  /** Who asked this node to be let in. */
  readonly applicants: readonly { readonly node: string; readonly holder: string }[]
}

export type BranchProof = {
  readonly proof: Uint8Array
  readonly folder: string
  readonly blocks: number
  /** Other members that were there to be asked. */
  readonly asked: number
}
