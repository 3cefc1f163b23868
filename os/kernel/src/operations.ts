/**
 * What can be asked of a node, by any door: command line, HTTP, and later the SDK. Everything is plain data: ids as
 * hexadecimal text, CIDs as text, times in milliseconds since 1970, sizes in bytes. Failures are `Fault`s.
 */
import type { FaultCode } from '@anarq/fault'
import type { DiskFile, PutItem } from '@anarq/flows'
import type { SignedFeed, SignedManifest, UnsignedFeed, UnsignedManifest } from '@anarq/wxa'
import type { AccountOperations } from './account-operations.ts'
import type { AuditOperations } from './audit-operations.ts'
import type { ChildFacts, ChildFiles, GuardianOperations, NewChild } from './children/operations.ts'
import type { HealthOperations } from './health/operations.ts'
import type { KeepingOperations } from './keeping/operations.ts'
import type { ToolOperations } from './tools/operations.ts'

export type Operations = {
  readonly account: AccountOperations
  readonly identities: IdentityOperations
  readonly drive: DriveOperations
  readonly sharing: SharingOperations
  readonly audit: AuditOperations
  readonly health: HealthOperations
  readonly tools: ToolOperations
  readonly keeping: KeepingOperations
}

export type IdentityKindName = 'root' | 'sub' | 'anonymous' | 'child' | 'organisation'

export type IdentityFacts = {
  readonly did: string
  readonly name: string
  readonly kind: IdentityKindName
  readonly epoch: number
  readonly createdMs: number
  readonly status: 'active' | 'revoked'
  readonly isCurrent: boolean
  /** Former DIDs of a rotated pairwise identity. */
  readonly formerly: readonly string[]
  readonly devices: readonly { readonly id: string; readonly name: string; readonly isRevoked: boolean }[]
  readonly child?: ChildFacts
}

export type IdentityOperations = GuardianOperations & {
  list(): Promise<readonly IdentityFacts[]>
  create(input: NewIdentity): Promise<IdentityFacts>
  /** With signed consent and limits, for the child's own device; its key is held 2 of 3. */
  createChild(input: NewChild): Promise<IdentityFacts & ChildFiles>
  show(ref: string): Promise<IdentityFacts & { readonly card: string }>
  use(ref: string): Promise<IdentityFacts>
  rotate(ref: string): Promise<IdentityFacts>
  revoke(ref: string, device?: string): Promise<IdentityFacts>
  /** The recovery drill: true when these words bring this home's identity back; then they count as confirmed. */
  drill(words: string): Promise<boolean>
  /** How this home would be brought back. */
  recovery(): Promise<RecoveryFacts>
  /** Learns another's card (as `show` prints it), so that one can share with them. */
  learn(card: string): Promise<{ did: string }>
  /** As a package of the identity in use, under the name in the manifest or else its own; not for a child. */
  signApp(manifest: UnsignedManifest): Promise<SignedManifest>
  /** The list of its apps that it publishes; not for a child. */
  signAppFeed(feed: UnsignedFeed): Promise<SignedFeed>
}

export type RecoveryFacts = {
  /** False for a child's home: its guardians bring it back. */
  readonly hasWords: boolean
  /** Whether the person ever showed that they have them. */
  readonly areWordsConfirmed: boolean
}

export type NewIdentity = {
  readonly kind: Exclude<IdentityKindName, 'root' | 'child'>
  readonly name: string
}

export type EntryFacts = {
  readonly id: string
  readonly kind: 'folder' | 'file'
  readonly name: string
  readonly path: string
  readonly type: string
  readonly bytes: number
  readonly modifiedMs: number
  readonly tags: readonly string[]
  readonly versions: number
  readonly isTrashed: boolean
  /** Of a file that is not read without the passphrase of its second lock. */
  readonly isLocked?: true
  readonly mode?: number
  /** The DID of whoever it belongs to, where that is somebody else. */
  readonly owner?: string
}

export type PutOptions = {
  /** The folder that receives; made where missing. */
  readonly to?: string | undefined
  readonly tags?: readonly string[] | undefined
  /** Passphrase of the second lock; absent: no second lock. */
  readonly lock?: string | undefined
  /** Reads files again even where size and time are the ones stored. */
  readonly isThorough?: boolean | undefined
  /** Keeps the files as decoys: whoever opens one raises an alert. */
  readonly isDecoy?: boolean | undefined
  readonly onProgress?: ((progress: PutProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export type PutProgress = { readonly files: number; readonly bytes: number; readonly path: string }

export type PutReport = {
  readonly files: number
  readonly folders: number
  readonly unchanged: number
  /** Bytes read, and bytes of new blocks that they came to. */
  readonly bytes: number
  readonly newBytes: number
  readonly newBlocks: number
  readonly skipped: readonly { readonly path: string; readonly code: FaultCode; readonly sentence: string }[]
  /** Of each file put by name (not of those found inside folders). */
  readonly entries: readonly EntryFacts[]
}

export type GetOptions = {
  /** 1 is the first; absent: the latest. */
  readonly version?: number | undefined
  readonly fromByte?: number | undefined
  /** Exclusive. */
  readonly toByte?: number | undefined
  readonly lock?: string | undefined
  /** A file of the caller's disk, empty, that all of it is to go to: whoever sees the same disk may write it there. */
  readonly into?: DiskFile | undefined
  readonly signal?: AbortSignal | undefined
}

export type Content = {
  readonly entry: EntryFacts
  /** Bytes of the whole content; the stream gives the range asked for. */
  readonly bytes: number
  readonly type: string
  readonly etag: string
  readonly stream: AsyncIterable<Uint8Array>
  /** It went into the file of the options, and the stream is empty. */
  readonly isWritten?: boolean
  /** Left out of a tree, and the stream is empty: see `TreeOptions`. */
  readonly isLeft?: boolean
}

export type TreeOptions = Pick<GetOptions, 'lock' | 'signal'> & {
  /** Files of so many bytes and more come without their content, for whoever asks for these one by one. */
  readonly leavesFrom?: number | undefined
}

/** One thing of a folder that is read as a whole; folders come before what is in them. */
export type TreeEntry =
  | { readonly entry: EntryFacts & { readonly kind: 'folder' } }
  | { readonly entry: EntryFacts & { readonly kind: 'file' }; readonly content: Content }

export type FindQuery = {
  readonly text?: string
  readonly tag?: string
  readonly type?: string
  readonly owner?: string
  readonly fromMs?: number
  readonly toMs?: number
  readonly isTrashed?: boolean
  /** Path or id of the folder that it lies in, or anywhere below. */
  readonly below?: Ref
  /** Path or id of a folder that it is not, and lies in nowhere; where there is none, nothing is left out. */
  readonly outside?: Ref
  readonly limit?: number
  readonly offset?: number
}

export type VersionFacts = {
  readonly version: number
  readonly cid: string
  readonly bytes: number
  readonly storedBytes: number
  readonly modifiedMs: number
  readonly savedMs: number
  readonly isLatest: boolean
}

/** Absent: the folder, or the name, that it has. */
export type MovePlace = {
  readonly folder?: string | undefined
  readonly name?: string | undefined
  /** What lies there under that name goes to the trash in the same commit. */
  readonly isReplacing?: boolean | undefined
}

export type CopyPlace = MovePlace & {
  /** Of a folder, without what is in it. */
  readonly isShallow?: boolean | undefined
}

/** `NAME|ID` of the command line: a path, an object id, or a name that only one thing has. */
export type Ref = string

export type DriveOperations = {
  put(items: AsyncIterable<readonly PutItem[]>, options?: PutOptions): Promise<PutReport>
  list(path: Ref, page?: { limit?: number; offset?: number }): Promise<readonly EntryFacts[]>
  entry(ref: Ref): Promise<EntryFacts>
  find(query: FindQuery): Promise<readonly EntryFacts[]>
  get(ref: Ref, options?: GetOptions): Promise<Content>
  /** A folder with all below it, parents first; a file alone. */
  walk(ref: Ref): AsyncIterable<EntryFacts>
  /**
   * The same with contents, under one decision: each stream is read, or left, before the next entry is asked for. What
   * `leavesFrom` leaves out is decided and recorded when it is got.
   */
  readTree(ref: Ref, options?: TreeOptions): AsyncIterable<TreeEntry>
  makeFolder(path: string): Promise<EntryFacts>
  move(ref: Ref, to: MovePlace): Promise<EntryFacts>
  /** Its latest version under a new id, and where it is a folder all below it, over the blocks that are there. */
  copy(ref: Ref, to: CopyPlace): Promise<EntryFacts>
  tag(ref: Ref, change: { add?: readonly string[]; remove?: readonly string[] }): Promise<EntryFacts>
  /** To the trash, or away for good; then a path may be that of something in the trash. */
  remove(ref: Ref, options?: { isForever?: boolean }): Promise<EntryFacts>
  /** Out of the trash, where a path is the one that it had, or an older version made the latest. */
  restore(ref: Ref, options?: { version?: number }): Promise<EntryFacts>
  versions(ref: Ref): Promise<readonly VersionFacts[]>
  history(page?: { limit?: number }): Promise<readonly CommitFacts[]>
}

export type CommitFacts = {
  readonly cid: string
  readonly sequence: number
  readonly atMs: number
  readonly records: number
  readonly objects: number
  readonly did: string
  readonly device: string
}

export type ShareOptions = {
  readonly with: string
  readonly rights?: readonly ('read' | 'write' | 'share')[] | undefined
  readonly untilMs?: number | undefined
  readonly uses?: number | undefined
  readonly purpose?: string | undefined
}

export type GrantFacts = {
  readonly id: string
  readonly direction: 'in' | 'out'
  readonly object: string
  readonly kind: 'folder' | 'file'
  readonly name: string
  readonly with: string
  readonly rights: readonly string[]
  readonly purpose?: string
  readonly issuedMs: number
  readonly untilMs?: number
  readonly usesMax?: number
  readonly uses: number
  readonly state: 'active' | 'expired' | 'used-up' | 'revoked'
}

export type OpenSharedOptions = {
  readonly purpose?: string
  readonly lock?: string
  readonly signal?: AbortSignal | undefined
}

/** One thing of a shared folder: its path below that folder, such as `letters/may.txt`. */
export type Within = { readonly only?: string | undefined }

export type ResealProgress = {
  readonly stage: 'waiting' | 'sealing' | 'burying'
  readonly files: number
  readonly bytes: number
  readonly path: string
}

export type ResealReport = {
  readonly grant: GrantFacts
  /** What was sealed anew: files, with all of their versions. */
  readonly files: number
  readonly versions: number
  readonly bytes: number
  /** Old blocks that are out of the store, and those that stay because other files hold the same content. */
  readonly buriedBlocks: number
  readonly keptBlocks: number
  /** What could not be sealed anew, or not be buried: it opens as before for who kept its keys. */
  readonly skipped: readonly { readonly path: string; readonly code: FaultCode; readonly sentence: string }[]
}

/** Somebody with whom the identity in use shares. */
export type PersonFacts = {
  readonly did: string
  /** Names of what was shared with them, and by them: some of them, where it is much. */
  readonly given: readonly string[]
  readonly received: readonly string[]
  /** Whether their node answers now; `unknown` where no ping file of theirs said where it is. */
  readonly presence: 'away' | 'here' | 'unknown'
  /** There and back, where it answers. */
  readonly latencyMs?: number
}

export type SharingOperations = {
  /** A file, or a folder with whatever lies in it at the moment of each opening. */
  share(ref: Ref, options: ShareOptions): Promise<{ grant: GrantFacts; ping: Uint8Array }>
  open(ping: Uint8Array, options?: OpenSharedOptions): Promise<Content>
  /** What a shared folder holds, parents first; paths begin with its name. One opening, as each of these is. */
  walk(ping: Uint8Array, options?: Omit<OpenSharedOptions, 'lock'> & Within): AsyncIterable<EntryFacts>
  /** The same with contents: each stream is read, or left, before the next entry is asked for. A file alone is one entry. */
  readTree(ping: Uint8Array, options?: OpenSharedOptions & Within): AsyncIterable<TreeEntry>
  /** Where a grant allows writing: a new version of somebody else's file, or files put into their folder. */
  write(
    ping: Uint8Array,
    items: AsyncIterable<readonly PutItem[]>,
    options?: { purpose?: string; signal?: AbortSignal | undefined },
  ): Promise<PutReport>
  /** With whom, those whose nodes answer first. Takes as long as the slowest answers, at most seconds. */
  people(): Promise<readonly PersonFacts[]>
  grants(direction?: 'in' | 'out'): Promise<readonly GrantFacts[]>
  revoke(grant: string): Promise<GrantFacts>
  /** Takes it back and seals what it named anew, so that keys kept from before open nothing that is in the store. */
  revokeHard(
    grant: string,
    options?: { onProgress?: (progress: ResealProgress) => void; signal?: AbortSignal | undefined },
  ): Promise<ResealReport>
}
