/**
 * The face that an app sees. The same calls work in the browser, in a backend and across the sandbox; each takes one map
 * and gives plain data. Paths begin with `/` for the person's drive, and with `app:/` for the app's own storage.
 */
import type {
  AlertFacts,
  AuditFacts,
  ChildFiles,
  ChildHours,
  EntryFacts,
  Finding,
  FlowFacts,
  GrantFacts,
  IdentityFacts,
  KeptEntryFacts,
  KeptFacts,
  NewBranch,
  NewChild,
  NewToolKey,
  NodeStatus,
  PersonFacts,
  RecoveryFacts,
  ResealReport,
  ReturnFacts,
  RiskFacts,
  StorageFacts,
  ToolKeyFacts,
  VersionFacts,
} from '@anarq/kernel'
import type { AppOperations } from './app-operations.ts'
import type { BranchHere, BranchProof } from './branch-operations.ts'
import type { BrowserOperations } from './browser-operations.ts'
import type {
  CircuitsFacts,
  NeighbourhoodFacts,
  NetworkInvitation,
  NetworkWay,
  NetworkWayFacts,
  NodeNetworkFacts,
  PeerFacts,
} from './network-operations.ts'
import type { OwnRegisters, RegisterChange, RegisterFacts, RegisterProof } from './register-operations.ts'
import type { RolesFacts } from './roles-facts.ts'

export type Sdk = {
  readonly identity: IdentitySdk
  readonly storage: StorageSdk
  readonly index: IndexSdk
  readonly consent: ConsentSdk
  readonly guardian: GuardianSdk
  readonly system: SystemSdk
  readonly apps: AppsSdk
  readonly browsers: BrowsersSdk
  readonly tools: ToolsSdk
  readonly network: NetworkSdk
}

export type Nothing = Record<never, never>

/** Who the person is. Making and changing identities needs `identity.manage`. */
export type IdentitySdk = {
  current(input: Nothing): Promise<{ did: string; name: string; kind: string }>
  list(input: Nothing): Promise<readonly IdentityFacts[]>
  show(input: { ref: string }): Promise<IdentityFacts & { readonly card: string }>
  create(input: { kind: 'sub' | 'anonymous' | 'organisation'; name: string }): Promise<IdentityFacts>
  use(input: { ref: string }): Promise<IdentityFacts>
  rotate(input: { ref: string }): Promise<IdentityFacts>
  revoke(input: { ref: string; device?: string | undefined }): Promise<IdentityFacts>
  /** True where these 24 words bring this home back. */
  drill(input: { words: string }): Promise<boolean>
  /** A child's identity, for the device that wrote `device` (`anarq id enrol`); the second share is sealed for `second`. */
  createChild(
    input: Pick<NewChild, 'name' | 'birthMs' | 'device'> & {
      second: string
      limits?: ChildTerms | undefined
    },
  ): Promise<IdentityFacts & ChildFiles>
  /** What the child's device takes in to act for the next days, with other limits where they change. */
  renewChild(input: {
    ref: string
    days?: number | undefined
    limits?: ChildTerms | undefined
  }): Promise<IdentityFacts & { readonly delegation: string }>
  /** From majority on: what the child's device takes its own key over with. */
  releaseChild(input: { ref: string }): Promise<{ readonly release: string }>
  /** Another device for a child whose own is lost; `guardianShare` is what the second guardian lent, the new one is for `second`. */
  recoverChild(input: {
    ref: string
    device: string
    guardianShare: string
    second: string
  }): Promise<IdentityFacts & ChildFiles>
  /** The second guardian's: makes a share readable for the first one. */
  lendShare(input: { guardianShare: string }): Promise<{ readonly guardianShare: string }>
  /** The second guardian's, from majority on: the same as `releaseChild`. */
  releaseShare(input: { guardianShare: string }): Promise<{ readonly release: string }>
  /** On a child's own device: a renewal, or at majority its own key. */
  join(input: { file: string }): Promise<IdentityFacts>
  /** Whether this home has words, and whether the person ever showed that they have them. */
  recovery(input: Nothing): Promise<RecoveryFacts>
  /** Takes in somebody's card, so that one can share with them. */
  learn(input: { card: string }): Promise<{ did: string }>
}

/** Of a child's limits, those that a screen sets; `null` takes the hours away. */
export type ChildTerms = {
  sharing?: 'allow' | 'ask' | 'deny' | undefined
  hours?: readonly ChildHours[] | null | undefined
  /** Of the hours: minutes that the child's clock is ahead of UTC. */
  utcOffsetMinutes?: number | undefined
}

/**
 * Files and folders, by path, or by `id:` and an id (for what lies in the trash). What is larger than `inlineBytesMax` goes
 * by its address instead: `AppSdk['content']` of `@anarq/sdk/app`.
 */
export type StorageSdk = {
  list(input: Page & { path: string }): Promise<readonly EntryFacts[]>
  entry(input: { path: string }): Promise<EntryFacts>
  read(input: {
    path: string
    version?: number | undefined
    fromByte?: number | undefined
    toByte?: number | undefined
  }): Promise<{ bytes: Uint8Array; type: string; totalBytes: number }>
  write(input: {
    path: string
    bytes: Uint8Array
    type?: string | undefined
  }): Promise<{ entry: EntryFacts; isUnchanged: boolean }>
  makeFolder(input: { path: string }): Promise<EntryFacts>
  /** To another folder, another name, or both. */
  move(input: { path: string; to: string }): Promise<EntryFacts>
  /** Under another name, in another folder, or both: over the same sealed blocks. */
  copy(input: { path: string; to: string }): Promise<EntryFacts>
  tag(input: {
    path: string
    add?: readonly string[] | undefined
    remove?: readonly string[] | undefined
  }): Promise<EntryFacts>
  /** To the trash, or away for good. */
  remove(input: { path: string; isForever?: boolean | undefined }): Promise<EntryFacts>
  /** Out of the trash by the path that it had, or an older version made the latest. */
  restore(input: { path: string; version?: number | undefined }): Promise<EntryFacts>
  versions(input: { path: string }): Promise<readonly VersionFacts[]>
}

export type IndexSdk = {
  find(input: {
    text?: string | undefined
    tag?: string | undefined
    type?: string | undefined
    fromMs?: number | undefined
    toMs?: number | undefined
    isTrashed?: boolean | undefined
    limit?: number | undefined
    offset?: number | undefined
  }): Promise<readonly EntryFacts[]>
}

export type ConsentSdk = {
  /** What was allowed to others, and what others allowed; past and refused too. */
  grants(input: { direction?: 'in' | 'out' | undefined }): Promise<readonly GrantFacts[]>
  share(input: {
    path: string
    /** A DID, the name of an identity of this home, or somebody's card: it is taken in. */
    with: string
    rights?: readonly ('read' | 'write' | 'share')[] | undefined
    untilMs?: number | undefined
    uses?: number | undefined
    purpose?: string | undefined
  }): Promise<{ grant: GrantFacts; ping: Uint8Array }>
  revoke(input: { grant: string }): Promise<GrantFacts>
  /** Takes it back and seals what it named anew: keys kept from before open nothing that is in the store. May take long. */
  revokeHard(input: { grant: string }): Promise<ResealReport>
}

export type GuardianSdk = {
  alerts(input: Nothing): Promise<readonly AlertFacts[]>
  /** The flows of now and of a moment ago, stage by stage, newest first. */
  flows(input: Nothing): Promise<readonly FlowFacts[]>
  /** How much stands against whom, the heaviest first. */
  risks(input: Nothing): Promise<readonly RiskFacts[]>
  decoys(input: Nothing): Promise<readonly EntryFacts[]>
  /** A file that tempts: whoever opens it raises an alert. Needs `guardian.manage`, as the next one. */
  layDecoy(input: { path: string; text: string }): Promise<EntryFacts>
  /** Takes one away for good; `refused.decoy` for what is none. */
  removeDecoy(input: { id: string }): Promise<EntryFacts>
  entries(input: {
    limit?: number | undefined
    object?: string | undefined
    action?: string | undefined
  }): Promise<readonly AuditFacts[]>
  /** A proof that anybody can check elsewhere: `anarq audit verify FILE`. */
  prove(input: { index: number }): Promise<Readonly<Record<string, unknown>>>
  verify(input: Nothing): Promise<{ isWhole: boolean; size: number; findings: readonly string[] }>
}

/** Apps: seeing what is installed, installing, updating, rolling back, removing. */
export type AppsSdk = Omit<AppOperations, 'list' | 'feeds'> & {
  list(input: Nothing): ReturnType<AppOperations['list']>
  feeds(input: Nothing): ReturnType<AppOperations['feeds']>
}

/** Browsers that are in, and those that ask to be let in. */
export type BrowsersSdk = Omit<BrowserOperations, 'list' | 'asks'> & {
  list(input: Nothing): ReturnType<BrowserOperations['list']>
  asks(input: Nothing): ReturnType<BrowserOperations['asks']>
}

export type SystemSdk = {
  status(input: Nothing): Promise<NodeStatus>
  doctor(input: Nothing): Promise<readonly Finding[]>
  /** How much there is, of what, and how much room is left. */
  storage(input: Nothing): Promise<StorageFacts>
  /** How large the store may grow; without it, as large as the disk lets it. */
  setQuota(input: { bytes?: number | undefined }): Promise<StorageFacts>
  /** Frees the room of what is in no version any more. */
  tidy(input: Nothing): Promise<{ freedBytes: number }>
  /** Where this node is reached. */
  network(input: Nothing): Promise<NetworkFacts>
}

export type NetworkFacts = {
  /** Of the port, as this machine reaches it. */
  readonly address: string
  readonly host: string
  readonly port: number
  /** Only from this machine, or from whatever network it is in. */
  readonly reach: 'machine' | 'network'
  /** By which name the outside calls what speaks TLS before this node; absent: nothing does. */
  readonly tlsName?: string
  /** Of the socket or the pipe for this machine's user. */
  readonly socket: string
  readonly doors: readonly { readonly kind: 'desktop' | 'api' | 'webdav' | 'mcp'; readonly path: string }[]
  readonly others: OthersFacts
}

/** How this node stands towards other nodes. */
export type OthersFacts =
  /** They come in there. `outside`: how they reach it, where that is another address. */
  | { readonly state: 'listening'; readonly address: string; readonly outside?: string }
  /** It was told to listen there and does not. */
  | { readonly state: 'not-listening'; readonly wanted: string }
  /** Nobody comes in; it goes out when it opens what others shared. */
  | { readonly state: 'going-out' }

/** Keys by which the person's own tools come in: each for one door, one folder, to read or to write. */
export type ToolsSdk = {
  list(input: Nothing): Promise<readonly ToolKeyFacts[]>
  /** The secret is given once, here. */
  create(input: NewToolKey): Promise<{ readonly key: ToolKeyFacts; readonly secret: string }>
  revoke(input: { id: string }): Promise<ToolKeyFacts>
}

/** This node among others. Where it is on no network, all but `status` is `unavailable.network`. */
export type NetworkSdk = {
  status(input: Nothing): Promise<NodeNetworkFacts>
  /** How this node meets others, and whether that can be chosen here. */
  way(input: Nothing): Promise<NetworkWayFacts>
  /** From now on, and after a restart. What others get is a gibibyte at least, or nothing; absent: a tenth of the free disk. */
  setWay(input: {
    way: NetworkWay['way']
    port?: number | undefined
    giveBytes?: number | undefined
  }): Promise<NetworkWayFacts>
  peers(input: Nothing): Promise<readonly PeerFacts[]>
  /** Also on a node that is on no network: whom the identity in use knows is its own. */
  people(input: Nothing): Promise<readonly PersonFacts[]>
  circuits(input: Nothing): Promise<CircuitsFacts>
  roles(input: Nothing): Promise<RolesFacts>
  invite(input: Nothing): Promise<NetworkInvitation>
  join(input: { invitation: string }): Promise<PeerFacts>
  neighbourhood(input: Nothing): Promise<NeighbourhoodFacts>
  /** How well others keep what the identity in use has. */
  kept(input: Nothing): Promise<KeptFacts>
  /** The same of one file, or of all in a folder. */
  keptEntry(input: { ref: string }): Promise<KeptEntryFacts>
  registers(input: Nothing): Promise<OwnRegisters>
  register(input: { ref: string }): Promise<RegisterFacts>
  setRegister(input: RegisterChange): Promise<RegisterFacts>
  proveRegister(input: { ref: string }): Promise<RegisterProof>
  /** Brings this home back from other nodes, after the words were given. Takes as long as it takes. */
  bringBack(input: { invitation?: string | undefined }): Promise<ReturnFacts>
  /** Branches: an organisation's own network inside the network. Each is named by its name, its id, or the beginning of that. */
  branches(input: Nothing): Promise<readonly BranchHere[]>
  branch(input: { branch: string }): Promise<BranchHere>
  createBranch(input: NewBranch): Promise<BranchHere>
  inviteToBranch(input: { branch: string }): Promise<{ readonly invitation: string; readonly endsMs: number }>
  joinBranch(input: { invitation: string }): Promise<BranchHere>
  admitToBranch(input: { branch: string; node: string; days?: number | undefined }): Promise<BranchHere>
  expelFromBranch(input: { branch: string; node: string }): Promise<BranchHere>
  /** What is put below this empty folder from now on belongs to the branch. */
  keepInBranch(input: { branch: string; folder: string }): Promise<BranchHere>
  leaveBranch(input: { branch: string }): Promise<BranchHere>
  /** Signatures of who holds what lies in a folder of a branch: a file that anybody can check. */
  proveBranch(input: { folder: string }): Promise<BranchProof>
}

export type Page = { limit?: number | undefined; offset?: number | undefined }

/** Content up to here travels inside a call. */
export const inlineBytesMax: number = 4 * 1024 * 1024
