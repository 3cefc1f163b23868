/** Packages of a publisher, as `anarq app pack` makes them, and how a feed names them. */
import { fromUtf8 } from '@anarq/bytes'
import type { Operations } from '@anarq/kernel'
import { type FeedEntry, feedEntryOf, packFiles, readPackage, withManifest } from '@anarq/wxa'
import { deflate, openZipBytes, writeZip } from '@anarq/zip'
import { someDay } from './world.ts'

export type Draft = {
  id?: string
  name?: string
  version?: string
  permissions?: { id: string; why: string }[]
}
export type Packed = { readonly bytes: Uint8Array; readonly entry: FeedEntry }

/** Signed by whoever is in use there. */
export function packerOf({ identities }: Pick<Operations, 'identities'>): (draft?: Draft) => Promise<Packed> {
  return async ({ id = 'org.example.tea', name = 'Tea', version = '1.0.0', permissions = [] } = {}) => {
    const { manifest, entries } = packFiles(
      [
        { path: 'icon.svg', bytes: fromUtf8('<svg xmlns="http://www.w3.org/2000/svg"/>') },
        { path: 'ui/index.html', bytes: fromUtf8(`<!doctype html><title>${version}</title>`) },
      ],
      {
        manifest: 1,
        id,
        name,
        version,
        category: 'tools',
        description: 'Counts cups.',
        permissions,
        icon: 'icon.svg',
        ui: { kind: 'frame', entry: 'ui/index.html' },
      },
      { deflate },
    )
    const bytes = writeZip(withManifest(entries, await identities.signApp(manifest)))
    return { bytes, entry: feedEntryOf(await readPackage(openZipBytes(bytes), { nowMs: someDay }), bytes) }
  }
}
