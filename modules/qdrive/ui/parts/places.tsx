import { Sidebar } from '@anarq/design'
import type { ReactNode } from 'react'
import { useSurroundings } from '../context.ts'
import { type Place, root } from '../logic/place.ts'

export type PlacesProps = {
  readonly here: Place
  readonly tags: readonly string[]
  readonly onGo: (place: Place) => void
}

export function placeOfId(id: string): Place {
  if (id === 'shared-with-me' || id === 'shared-by-me' || id === 'trash') return { at: id }
  return id.startsWith('tag:') ? { at: 'tag', tag: id.slice(4) } : root
}

export function idOfPlace(place: Place): string {
  if (place.at === 'tag') return `tag:${place.tag}`
  return place.at === 'folder' || place.at === 'search' ? 'drive' : place.at
}

export function Places({ here, tags, onGo }: PlacesProps): ReactNode {
  const { say } = useSurroundings()
  const tagged = tags.map((tag) => ({ id: `tag:${tag}`, label: tag, icon: 'tag' as const }))
  return (
    <Sidebar
      label={say('places')}
      items={[
        { id: 'drive', label: say('place.drive'), icon: 'drive' },
        { id: 'shared-with-me', label: say('place.shared-with-me'), icon: 'people' },
        { id: 'shared-by-me', label: say('place.shared-by-me'), icon: 'share' },
        { id: 'trash', label: say('place.trash'), icon: 'trash' },
      ]}
      groups={tagged.length === 0 ? [] : [{ label: say('place.tags'), items: tagged }]}
      selected={idOfPlace(here)}
      onSelect={(id) => onGo(placeOfId(id))}
    />
  )
}
