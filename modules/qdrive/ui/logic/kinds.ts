import type { Entry } from './entry.ts'
import { splitName } from './names.ts'

export type Kind =
  | 'folder'
  | 'image'
  | 'audio'
  | 'video'
  | 'pdf'
  | 'markdown'
  | 'code'
  | 'text'
  | 'table'
  | 'document'
  | 'archive'
  | 'ping'
  | 'other'

const byEnding: Readonly<Record<string, Kind>> = {
  md: 'markdown',
  markdown: 'markdown',
  csv: 'table',
  tsv: 'table',
  xlsx: 'table',
  ods: 'table',
  doc: 'document',
  docx: 'document',
  odt: 'document',
  rtf: 'document',
  pptx: 'document',
  odp: 'document',
  zip: 'archive',
  gz: 'archive',
  tar: 'archive',
  xz: 'archive',
  zst: 'archive',
  '7z': 'archive',
  rar: 'archive',
  ping: 'ping',
}
const code =
  /^(js|mjs|cjs|ts|tsx|jsx|json|jsonl|css|html?|xml|svg|ya?ml|toml|ini|sh|bash|py|rb|go|rs|c|h|cc|cpp|java|kt|swift|php|sql|lua|r|tex|bib|patch|diff)$/

/** By what it was kept as, and else by how its name ends. */
export function kindOf({ kind, type, name }: Pick<Entry, 'kind' | 'type' | 'name'>): Kind {
  if (kind === 'folder') return 'folder'
  const ending = splitName(name).ending.split('.').at(-1)?.toLowerCase() ?? ''
  const known = byEnding[ending]
  if (known !== undefined) return known
  if (type === 'image/svg+xml') return 'image'
  if (/^(image|audio|video)\//.test(type)) return type.slice(0, 5) as 'image' | 'audio' | 'video'
  if (type === 'application/pdf') return 'pdf'
  if (code.test(ending) || type === 'application/json') return 'code'
  if (type.startsWith('text/')) return 'text'
  return 'other'
}

export type Preview = 'image' | 'audio' | 'video' | 'pdf' | 'markdown' | 'text' | 'none'

/** Text up to here is read and shown whole; more of it by its beginning. */
export const textBytesMax: number = 1024 * 1024
/** What the browser has to hold at once. */
export const blobBytesMax: number = 512 * 1024 * 1024

/** `canShowPdf`: browsers show none inside a closed frame. */
export function previewOf(
  entry: Pick<Entry, 'kind' | 'type' | 'name' | 'bytes'>,
  canShowPdf = true,
): Preview {
  const kind = kindOf(entry)
  if (kind === 'markdown') return 'markdown'
  if (kind === 'text' || kind === 'code') return 'text'
  if (kind === 'table')
    return /^text\/|csv|tsv/.test(entry.type) || /\.(csv|tsv)$/i.test(entry.name) ? 'text' : 'none'
  // The browser's player takes these piece by piece, however long they are.
  if (kind === 'audio' || kind === 'video') return kind
  if (kind === 'pdf' && !canShowPdf) return 'none'
  if (kind === 'image' || kind === 'pdf') return entry.bytes <= blobBytesMax ? kind : 'none'
  return 'none'
}

/**
 * The type under which content is given to the browser's own viewers. Never one that runs: a page or a drawing with a
 * script in it is shown as text, or as an image, where scripts are dead.
 */
export function safeType(type: string, preview: Preview): string {
  const plain = type.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (preview === 'pdf') return 'application/pdf'
  if (preview === 'image' && plain.startsWith('image/')) return plain
  if (preview === 'audio' && plain.startsWith('audio/')) return plain
  if (preview === 'video' && plain.startsWith('video/')) return plain
  return 'application/octet-stream'
}
