import { fromHex, fromUtf8, toHex } from '@anarq/bytes'
import { asFault, type Fault } from '@anarq/fault'
import type { FieldValue, IndexRecord } from '@anarq/qindex'
import { hashBlake3 } from '@anarq/qlock'
import { type Branch, encodeDocuments, isMeetingSecret, parseDocuments, readBranch } from '@anarq/qnet/branch'
import type { Space } from '../space.ts'
import type { CardVerifier } from './verifying.ts'

/** A branch as one identity knows it. */
export type KeptBranch = {
  /** Hexadecimal. */
  readonly id: string
  /** Undefined until somebody of the branch told it. */
  readonly branch: Branch | undefined
  /** Of the key with which members publish where the branch is met. */
  readonly meetingSecret: Uint8Array | undefined
  /** By which this node asked to come in, as long as it has no membership. */
  readonly invitation: string | undefined
  readonly hasLeft: boolean
  /** Ids of folders whose content belongs to it, in hexadecimal. */
  readonly folders: ReadonlySet<string>
}

/** The branches of one identity, as records of its index: sealed, signed, and back with the words. */
export type BranchBook = {
  list(): readonly KeptBranch[]
  get(id: string): KeptBranch | undefined
  put(kept: KeptBranch): Promise<void>
  /** To which branch a folder was given. */
  branchOfFolder(folder: string): string | undefined
  hasFolders(): boolean
  /** Branches that folders were given to. */
  withFolders(): readonly string[]
}

const recordKind = 'branch'
const branchesMax = 256
const folderPrefix = 'folder/'

export async function openBranchBook(
  { index, view, refresh }: Pick<Space, 'index' | 'view' | 'refresh'>,
  verifierOf: CardVerifier,
  onFault: (fault: Fault) => void,
): Promise<BranchBook> {
  const kept = new Map<string, KeptBranch>()
  for (const { id } of view.search({ kind: recordKind, limit: branchesMax })) {
    const record = await index.get(id)
    try {
      const one = record && readRecord(record, verifierOf)
      if (one !== undefined) kept.set(one.id, one)
    } catch (error) {
      onFault(asFault(error))
    }
  }
  const folders = (): Map<string, string> =>
    new Map([...kept.values()].flatMap((one) => [...one.folders].map((folder) => [folder, one.id] as const)))
  let byFolder = folders()
  return {
    list: () => [...kept.values()],
    get: (id) => kept.get(id),
    async put(one) {
      const before = kept.get(one.id)
      await index.commit([{ id: recordIdOf(one.id), kind: recordKind, set: fieldsOf(one, before) }], {})
      kept.set(one.id, one)
      byFolder = folders()
      await refresh()
    },
    branchOfFolder: (folder) => byFolder.get(folder),
    hasFolders: () => byFolder.size > 0,
    withFolders: () => [...new Set(byFolder.values())],
  }
}

function recordIdOf(branch: string): Uint8Array {
  return hashBlake3(fromUtf8(`branch ${branch}`)).slice(0, 16)
}

function fieldsOf(
  { id, branch, meetingSecret, invitation, hasLeft, folders }: KeptBranch,
  before: KeptBranch | undefined,
): Record<string, FieldValue> {
  const set: Record<string, FieldValue> = {
    branch: fromHex(id),
    invitation: invitation ?? null,
    hasLeft,
    ...(branch === undefined || branch === before?.branch
      ? {}
      : { documents: encodeDocuments(branch.documents) }),
    ...(meetingSecret === undefined ? {} : { secret: meetingSecret }),
  }
  for (const folder of folders)
    if (before?.folders.has(folder) !== true) set[`${folderPrefix}${folder}`] = true
  return set
}

function readRecord({ fields }: IndexRecord, verifierOf: CardVerifier): KeptBranch | undefined {
  const held = (name: string): unknown => fields.get(name)?.value
  const [idBytes, documents, secret, invitation] = [
    held('branch'),
    held('documents'),
    held('secret'),
    held('invitation'),
  ]
  if (!(idBytes instanceof Uint8Array) || idBytes.length !== 32) return undefined
  const id = toHex(idBytes)
  const parsed = documents instanceof Uint8Array ? parseDocuments(documents) : undefined
  const branch = parsed && readBranch(parsed, verifierOf(parsed.cards), id)
  const isSecret = secret instanceof Uint8Array && branch !== undefined
  const folders = [...fields]
    .filter(([name, { value }]) => name.startsWith(folderPrefix) && value === true)
    .map(([name]) => name.slice(folderPrefix.length))
  return {
    id,
    branch,
    meetingSecret: isSecret && isMeetingSecret(secret, branch.charter.meetingKey) ? secret : undefined,
    invitation: typeof invitation === 'string' ? invitation : undefined,
    hasLeft: held('hasLeft') === true,
    folders: new Set(folders),
  }
}
