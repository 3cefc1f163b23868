import assert from 'node:assert/strict'
import { createManualClock, type ManualClock } from '@anarq/clock/testing'
import { unwrap } from '@anarq/fault'
import type { PutItem } from '@anarq/flows'
import type { GrantFacts, IdentityFacts, Operations, ShareOptions } from '@anarq/kernel'
import { makePing, type Ping, pingContext } from '@anarq/qnt'
import { createSeededRandom } from '@anarq/random/testing'
import { createDevice, type OpenIdentity, recoverKeyring } from '@anarq/squid'
import { addIdentity, createWorld, fileItem, itemsOf, putFile, someDay, textOf, type World } from './world.ts'

/** After so long the guardian has forgotten a refusal, and the owner's status is still fresh. */
export const forgottenMs: number = 16 * 60_000

/** Alice's keys, brought back from her words: what she holds and nobody else does. */
export function keysOfAlice({ words }: Pick<World, 'words'>): OpenIdentity {
  const random = createSeededRandom(99)
  const device = createDevice('test', random)
  const keyring = unwrap(recoverKeyring(words, { device, clock: createManualClock(someDay), random }))
  return keyring.open(keyring.current())
}

export function signedPing(ping: Ping, { signer }: OpenIdentity): Uint8Array {
  return makePing(ping, (message) => signer.signEd25519(message, pingContext))
}

export type Opening = { only?: string; purpose?: string; lock?: string }

/** One home with alice, bob and carol, who share folders: each test works in folders of its own. */
export type FolderWorld = {
  readonly world: World
  readonly operations: Operations
  readonly clock: ManualClock
  readonly drive: Operations['drive']
  readonly sharing: Operations['sharing']
  readonly bob: IdentityFacts
  fill(folder: string, files: Readonly<Record<string, string>>): Promise<void>
  shareFolder(folder: string, terms?: Partial<ShareOptions>): ReturnType<Operations['sharing']['share']>
  /** What is listed, by path; folders end in a slash. */
  listAs(name: string, ping: Uint8Array, options?: Opening): Promise<string[]>
  /** What is opened: the text of each file by its path; a folder is empty text under a path that ends in a slash. */
  openAs(name: string, ping: Uint8Array, options?: Opening): Promise<Record<string, string>>
  writeAs(
    name: string,
    ping: Uint8Array,
    ...items: readonly PutItem[]
  ): ReturnType<Operations['sharing']['write']>
}

export async function createFolderWorld(): Promise<FolderWorld> {
  const world = await createWorld({ seed: 31 })
  const { operations, clock } = world
  const { drive, sharing } = operations
  const bob = await addIdentity(world, 'bob')
  await addIdentity(world, 'carol')
  return {
    world,
    operations,
    clock,
    drive,
    sharing,
    bob,
    async fill(folder, files) {
      const items = Object.entries(files).map(([path, text]) => fileItem(`${folder}/${path}`, text))
      await drive.put(itemsOf(...items))
    },
    shareFolder: (folder, terms = {}) => sharing.share(folder, { with: 'bob', ...terms }),
    listAs: (name, ping, options = {}) =>
      world.as(name, async () => {
        const paths: string[] = []
        for await (const { path, kind } of sharing.walk(ping, options))
          paths.push(kind === 'folder' ? `${path}/` : path)
        return paths
      }),
    openAs: (name, ping, options = {}) =>
      world.as(name, async () => {
        const texts: Record<string, string> = {}
        for await (const one of sharing.readTree(ping, options)) {
          if ('content' in one) texts[one.entry.path] = await textOf(one.content)
          else texts[`${one.entry.path}/`] = ''
        }
        return texts
      }),
    writeAs: (name, ping, ...items) => world.as(name, () => sharing.write(ping, itemsOf(...items))),
  }
}

/** One home with alice, bob and carol, who share files: each test works on files of its own. */
export type SharingWorld = {
  readonly world: World
  readonly operations: Operations
  readonly clock: ManualClock
  readonly bob: IdentityFacts
  readonly carol: IdentityFacts
  /** Puts a file and shares it, with bob where nobody else is named. */
  shared(
    path: string,
    content: string | Uint8Array,
    terms?: Partial<ShareOptions>,
  ): Promise<{ id: string } & Awaited<ReturnType<Operations['sharing']['share']>>>
  openAs(name: string, ping: Uint8Array, options?: Omit<Opening, 'only'>): Promise<string>
  writeAs(name: string, ping: Uint8Array, content: string): ReturnType<Operations['sharing']['write']>
  grantNow(id: string): Promise<GrantFacts>
}

export async function createSharingWorld(): Promise<SharingWorld> {
  const world = await createWorld()
  const { operations, clock } = world
  const { sharing } = operations
  return {
    world,
    operations,
    clock,
    bob: await addIdentity(world, 'bob'),
    carol: await addIdentity(world, 'carol'),
    async shared(path, content, terms = {}) {
      const id = await putFile(world, path, content)
      return { id, ...(await sharing.share(path, { with: 'bob', ...terms })) }
    },
    openAs: (name, ping, options = {}) =>
      world.as(name, async () => textOf(await sharing.open(ping, options))),
    writeAs(name, ping, content) {
      const item = fileItem('whatever.txt', content, { modifiedMs: clock.nowMs() })
      return world.as(name, () => sharing.write(ping, itemsOf(item)))
    },
    async grantNow(id) {
      const found = (await sharing.grants()).find((grant) => grant.id === id)
      assert.ok(found)
      return found
    },
  }
}
