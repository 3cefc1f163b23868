import { Icon, type IconName } from '@anarq/design'
import type { ReactNode } from 'react'
import { useSurroundings } from '../context.ts'
import type { Entry } from '../logic/entry.ts'
import { type Kind, kindOf } from '../logic/kinds.ts'
import { useThumbnail } from '../model/thumbnails.ts'

const iconOf: Readonly<Record<Kind, IconName>> = {
  folder: 'folder',
  image: 'image',
  audio: 'music',
  video: 'film',
  pdf: 'book',
  markdown: 'notes',
  code: 'code',
  text: 'file-text',
  table: 'table',
  document: 'file-text',
  archive: 'archive',
  ping: 'share',
  other: 'file',
}

/** The picture of a kind, in its colour. */
export function KindIcon({ entry }: { readonly entry: Pick<Entry, 'kind' | 'type' | 'name'> }): ReactNode {
  const kind = kindOf(entry)
  return (
    <span className="qd-kind" data-kind={kind} aria-hidden="true">
      <Icon name={iconOf[kind]} />
    </span>
  )
}

/** A picture shows itself, as soon as it is there. */
export function TilePicture({ entry }: { readonly entry: Entry }): ReactNode {
  const { thumbnails } = useSurroundings()
  const url = useThumbnail(thumbnails, entry)
  if (url === undefined) return <KindIcon entry={entry} />
  return <img className="qd-thumbnail" src={url} alt="" draggable={false} />
}
