import { deflateRawSync } from 'node:zlib'
import { fromUtf8 } from '@anarq/bytes'
import { createManualClock } from '@anarq/clock/testing'
import { Fault } from '@anarq/fault'
import { createSeededRandom } from '@anarq/random/testing'
import { createDevice, createKeyring, type Keyring, type OpenIdentity } from '@anarq/squid'
import {
  createMemoryArchive,
  type DraftManifest,
  type PackEntry,
  type Packed,
  packFiles,
  readPackage,
  type SignedManifest,
  type SourceFile,
  signManifest,
  withManifest,
} from '@anarq/wxa'

export const someDay: number = Date.UTC(2026, 5, 1, 12)

export type Draft = { -readonly [name in keyof DraftManifest]: DraftManifest[name] }

export function draft(change: Partial<Draft> = {}): DraftManifest {
  return {
    manifest: 1,
    id: 'org.example.notes',
    name: 'Notes',
    version: '1.2.3',
    category: 'productivity',
    description: 'Short notes, kept in the drive.',
    permissions: [
      { id: 'drive.read', why: 'To show your notes.' },
      { id: 'drive.write:/notes', why: 'To keep them.' },
    ],
    ui: { kind: 'frame', entry: 'ui/index.html' },
    icon: 'icon.svg',
    ...change,
  }
}

export function files(): SourceFile[] {
  return [
    { path: 'ui/index.html', bytes: fromUtf8('<!doctype html><title>Notes</title>') },
    { path: 'icon.svg', bytes: fromUtf8('<svg xmlns="http://www.w3.org/2000/svg"/>') },
    { path: 'ui/words.txt', bytes: fromUtf8('word '.repeat(400)) },
  ]
}

export const deflate = (bytes: Uint8Array): Uint8Array => new Uint8Array(deflateRawSync(bytes))

export function pack(change: Partial<Draft> = {}, all: readonly SourceFile[] = files()): Packed {
  return packFiles(all, draft(change), { deflate })
}

/** A publisher with a keyring; the same seed is the same one. */
export function publisher(seed = 7): { keyring: Keyring; open(): OpenIdentity } {
  const clock = createManualClock(someDay)
  const random = createSeededRandom(seed)
  const device = createDevice('laptop', random)
  const keyring = createKeyring({ entropy: random.bytes(32), device, clock, random })
  return { keyring, open: () => keyring.open(keyring.current()) }
}

export const ada: ReturnType<typeof publisher> = publisher()

export function signedBy(by: { open(): OpenIdentity }, { manifest, entries }: Packed): Signed {
  using identity = by.open()
  const signed = signManifest(manifest, {
    identity: identity.public(),
    name: 'Ada',
    nowMs: someDay,
    sign: (message, context) => identity.signer.sign(message, context),
  })
  return { manifest: signed, entries: withManifest(entries, signed) }
}

export type Signed = { readonly manifest: SignedManifest; readonly entries: readonly PackEntry[] }

/** The code of the refusal, or "ok". */
export async function codeOf(act: () => unknown): Promise<string> {
  try {
    await act()
    return 'ok'
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    if (!/^.{15,}[.?)]/s.test(error.message))
      throw new Error(`${error.code} comes with no sentence: ${error.message}`)
    return error.code
  }
}

export function readEntries(
  entries: readonly PackEntry[],
  options: { allowsUnsigned?: boolean } = {},
): ReturnType<typeof readPackage> {
  return readPackage(createMemoryArchive(entries), { nowMs: someDay, ...options })
}
