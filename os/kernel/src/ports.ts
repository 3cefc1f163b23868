import type { Clock } from '@anarq/clock'
import type { Fault } from '@anarq/fault'
import type { BlockSource, Sealer } from '@anarq/flows'
import type { cborCodec, rawCodec } from '@anarq/ipld'
import type { LogStore } from '@anarq/qerberos'
import type { Heads, View } from '@anarq/qindex'
import type { Stretch, VaultParams } from '@anarq/qlock'
import type { SignedHead } from '@anarq/qnet/swarm'
import type { BlockClass, Blocks } from '@anarq/qnt'
import type { Policies } from '@anarq/qonsent'
import type { Random } from '@anarq/random'

/** A small precious file: the adapter keeps it twice and replaces it whole. */
export type SmallFile = {
  read(): Promise<Uint8Array | undefined>
  write(bytes: Uint8Array): Promise<void>
}

/**
 * Bytes that can be lost and made again; a name is a short text of letters and digits. What is read is the caller's, and what was
 * written is the caller's again.
 */
export type Cache = {
  read(name: string): Promise<Uint8Array | undefined>
  write(name: string, bytes: Uint8Array): Promise<void>
}

/** What a put added that was not there before. */
export type PutCounts = { readonly blocks: number; readonly bytes: number }

/** The hot path's way in: blocks that our own sealer named, taken without hashing them again. */
export type SealedSink = {
  /** Resolves to what was not there before. */
  putSealed(
    blocks: readonly {
      readonly codec: typeof rawCodec | typeof cborCodec
      readonly digest: Uint8Array
      readonly parts: readonly Uint8Array[]
    }[],
    blockClass: BlockClass,
  ): Promise<PutCounts>
}

/** Other people's nodes, for a node that is not alone. */
export type Peers = {
  /** Text that leads to this node, written into what is shared: at most 256 characters each; none while nobody can reach it. */
  places(): Promise<readonly string[]>
  /**
   * Asks the node behind the first of these places that answers, and gives its answer; `unavailable.peer` where none does. Who
   * answers is proved to be the node that the place names.
   */
  ask(places: readonly string[], question: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>
  /** The milliseconds there and back to the first of these nodes that answers; `unavailable.peer` where none does. Nothing is asked of it. */
  greet(places: readonly string[], signal?: AbortSignal): Promise<number>
}

/**
 * Other nodes that keep sealed copies of an index, found by its name alone. They are believed in nothing: what comes back is checked by
 * whoever asked. Where there is nobody, all but `isThere` reject with `unavailable.neighbours`.
 */
export type Neighbours = {
  /** For so long what is not found may be in a part of the network that is about to become one with this one. */
  readonly patienceMs: number
  /** Copies that make a block safe: as many nodes are its holders, and this one may be among them. */
  readonly copies: number
  isThere(): boolean
  /** Resolves when somebody is there: by this invitation, or by way of nodes that are known. */
  reach(invitation: string | undefined, signal?: AbortSignal): Promise<void>
  /** How many holders say that they have each of these, this node's own beside others'; at most 256 are asked about. */
  count(feed: Uint8Array, digests: readonly Uint8Array[]): Promise<readonly number[]>
  /** Resolves to how many have it durably, when enough have or nobody else is left to ask; and how many refused, and why. */
  put(feed: Uint8Array, bytes: Uint8Array): Promise<PutCopies>
  get(feed: Uint8Array, digest: Uint8Array): Promise<Uint8Array | undefined>
  putHead(feed: Uint8Array, head: SignedHead): Promise<number>
  /** Says what the index stands on by now, so that they let go of the rest. Resolves to how many took note. */
  putList(feed: Uint8Array, list: SignedHead): Promise<number>
  /** How long after one list the next is made. */
  readonly listEveryMs: number
  /** What this node holds for others; undefined while it is on no network. */
  held(): HeldFacts | undefined
  heads(feed: Uint8Array): Promise<readonly SignedHead[]>
}

export type PutCopies = {
  readonly copies: number
  /** Of those asked: they have no room, or no more for this node. */
  readonly refused: { readonly full: number; readonly share: number }
}

export type HeldFacts = {
  readonly blocks: number
  readonly bytes: number
  /** At most; 0 where this node gives nothing, and so takes little. */
  readonly bytesMax: number
}

/** Which blocks belong to which branch. It is known while the home is locked too, so that no door gives them away. */
export type BoundBlocks = {
  /** Hexadecimal; undefined for a block of no branch. */
  branchOf(digest: Uint8Array): string | undefined
  /** False where what was noted before is lost: until all of it is noted again, a block may be a branch's though nobody says so. */
  isWhole(): boolean
  madeWhole(): void
  /** Durable when it resolves. */
  add(branch: string, digests: readonly Uint8Array[]): Promise<void>
}

/** Other members of a branch that keep sealed copies of what lies in its folders: as `Neighbours`, by a name of the owner's choice. */
export type BranchNeighbours = Pick<Neighbours, 'copies' | 'count' | 'get' | 'put'>

/** What a node needs for folders that belong to a branch. */
export type BranchPorts = {
  readonly bound: BoundBlocks
  /** Undefined while nobody of the branch is there. */
  neighboursOf(branch: string): BranchNeighbours | undefined
}

/** Room on the disk that the home lies on, and what the store takes of it. */
export type Room = {
  /** Of blocks in use, second copies included. */
  readonly liveBytes: number
  /** What the store's files take; what is no part of anything any more counts until it is tidied away. */
  readonly fileBytes: number
  /** Of the store: what makes files findable and openable (index, envelopes), its second copies included. */
  readonly metaBytes: number
  readonly freeBytes: number
  readonly diskBytes: number
}

/** Everything outside that the kernel needs. Only `apps/` knows which adapter is plugged in. */
export type KernelPorts = {
  readonly blocks: Blocks & SealedSink & BlockSource
  readonly heads: Heads
  readonly vault: SmallFile
  /**
   * Of a guess at a passphrase, where a home is made or a file gets a second lock; absent: the cost that qlock advises. What is
   * there names its own.
   */
  readonly passphraseCost?: VaultParams
  /** What began to stretch the passphrase before the home was open: see `head-start.ts`. */
  readonly stretch?: Stretch
  /** What the person set for this home as a whole; absent: nothing can be set. */
  readonly settings?: SmallFile
  /** Absent: nobody knows. */
  room?(): Promise<Room>
  readonly cache: Cache
  readonly sealer: Sealer
  /** An engine of its own for each identity. */
  createPolicies(): Policies
  createView(): View
  /** One append-only log an identity; the name is a pseudonym. */
  openLog(name: string): Promise<LogStore>
  /** Puts a log that was cut short out of the way, as evidence, so that a new one can begin under its name. */
  setAsideLog(name: string): Promise<void>
  /** From here to the end of the next `compact`, what is put counts as live. */
  beginSweep(): void
  /** Frees the room of blocks that nothing reaches; resolves to the bytes freed. */
  compact(isLive: (digest: Uint8Array) => boolean, signal?: AbortSignal): Promise<number>
  /** Gives up room on the disk that is held for the day on which it is full; false where there is none. */
  makeRoom?(): Promise<boolean>
  readonly peers?: Peers
  /** Absent: nobody keeps copies. */
  readonly neighbours?: Neighbours
  /** Absent: there are no branches here. */
  readonly branches?: BranchPorts
  readonly clock: Clock
  readonly random: Random
  /** Damage that was seen and mended, or worked around. */
  onFault(fault: Fault): void
}
