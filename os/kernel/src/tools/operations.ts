import type { Content, EntryFacts, FindQuery, GetOptions, PutOptions, PutReport } from '../operations.ts'

/** By which door a tool comes in; a key opens one of them. */
export type ToolDoor = 'webdav' | 'mcp'

export type ToolRights = 'read' | 'write'

/** What is known of a key that a tool comes in with; its secret is not. */
export type ToolKeyFacts = {
  readonly id: string
  readonly name: string
  readonly door: ToolDoor
  /** Path of the folder that it is for, wherever that was moved; absent where that folder is gone. */
  readonly folder?: string
  readonly rights: ToolRights
  readonly createdMs: number
  readonly untilMs?: number
  readonly lastUsedMs?: number
  readonly state: 'active' | 'expired' | 'revoked'
}

export type NewToolKey = {
  readonly name: string
  readonly door: ToolDoor
  /** Path or id; absent: the whole drive. */
  readonly folder?: string | undefined
  readonly rights: ToolRights
  readonly untilMs?: number | undefined
}

export type ToolOperations = {
  /** The secret is given once, here: 160 random bits, of which only a hash is kept. */
  create(input: NewToolKey): Promise<{ readonly key: ToolKeyFacts; readonly secret: string }>
  list(): Promise<readonly ToolKeyFacts[]>
  revoke(id: string): Promise<ToolKeyFacts>
}

/** What a tool was let in for. */
export type ToolAccess = {
  readonly key: ToolKeyFacts
  /** Whose drive it is. */
  readonly did: string
  /** The path of the key's folder at this moment, `/` for the whole drive: for a door, and never for the tool. */
  readonly folder: string
  readonly drive: ToolDrive
}

/** A property that a tool keeps with a file or folder; the value is that tool's matter. */
export type EntryProperty = { readonly namespace: string; readonly name: string; readonly value: string }
export type PropertyName = Pick<EntryProperty, 'namespace' | 'name'>

export type EntryDetails = EntryFacts & {
  readonly createdMs: number
  /** Of the latest version of a file. */
  readonly etag?: string
  readonly properties: readonly EntryProperty[]
}

export type DetailsChange = {
  readonly set?: readonly EntryProperty[]
  readonly remove?: readonly PropertyName[]
  readonly modifiedMs?: number | undefined
}

export type PlaceInDrive = {
  readonly folder: string
  readonly name: string
  /** What lies there goes to the trash in the same commit. */
  readonly isReplacing?: boolean
}

/**
 * The drive as one key sees it: its folder is `/`, and what lies outside does not exist. Paths begin with `/`; ids and
 * bare names are not taken. A key that may only read is refused everything else with `refused.rights`.
 */
export type ToolDrive = {
  /** `missing.object` where there is nothing. */
  details(path: string): Promise<EntryDetails>
  /** Of what lies in a folder. */
  detailsIn(path: string): AsyncIterable<EntryDetails>
  list(path: string, page?: { limit?: number; offset?: number }): Promise<readonly EntryFacts[]>
  /** Of the folder with everything below. */
  find(query: Omit<FindQuery, 'below' | 'isTrashed'>): Promise<readonly EntryFacts[]>
  get(path: string, options?: GetOptions): Promise<Content>
  /** One file, whole or not at all. */
  put(
    path: string,
    file: Omit<ToolFile, 'path'>,
    options?: Pick<PutOptions, 'tags' | 'signal'>,
  ): Promise<PutReport>
  makeFolder(path: string): Promise<EntryFacts>
  move(path: string, to: PlaceInDrive): Promise<EntryFacts>
  copy(path: string, to: PlaceInDrive & { readonly isShallow?: boolean }): Promise<EntryFacts>
  /** To the trash. */
  remove(path: string): Promise<EntryFacts>
  change(path: string, change: DetailsChange): Promise<EntryDetails>
}

type ToolFile = {
  readonly path: string
  readonly bytes: number | undefined
  readonly modifiedMs: number
  readonly type?: string
  /** Pieces that are given away: each is freed when it was read. */
  readonly content: AsyncIterable<Uint8Array>
}
