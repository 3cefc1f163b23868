import { toHex } from '@anarq/bytes'
import type { View } from '@anarq/qindex'
import type { AboutObject } from '@anarq/qonsent'
import type { Found } from './resolve.ts'

/** As many as a request may name. */
const foldersMax = 256

/** What policies may ask about an object: never what the asker says of it. */
export function aboutOf(view: View, entry: Found): AboutObject {
  const folders: string[] = []
  for (let at = entry.parent; at != null && folders.length < foldersMax; at = view.entry(at)?.parent)
    folders.push(toHex(at))
  return { class: 'private', type: entry.type, tags: entry.tags, folders }
}
