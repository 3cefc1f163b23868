import { Button, EmptyState, Icon, IconButton, Meter, Tabs } from '@anarq/design'
import { type ReactNode, useEffect, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { diskFactsOf, sealedWordsOf } from '../logic/disk.ts'
import type { Entry, Grant } from '../logic/entry.ts'
import { formatMoment, formatSize } from '../logic/format.ts'
import { kindOf } from '../logic/kinds.ts'
import { parentOf } from '../logic/paths.ts'
import { grantsOf } from '../logic/sharing.ts'
import { EntryName } from './entry-name.tsx'
import { GrantRow } from './grant-row.tsx'
import { TilePicture } from './kind-icon.tsx'
import { useVersions, VersionList } from './versions.tsx'

export type DetailsProps = {
  readonly chosen: readonly Entry[]
  readonly tab: string
  readonly onTab: (tab: string) => void
  readonly onShare: (entry: Entry) => void
  readonly onTags: () => void
  readonly onClose: () => void
}

/** Everything about what is chosen, beside the list. */
export function Details({ chosen, tab, onTab, onShare, onTags, onClose }: DetailsProps): ReactNode {
  const { say, locale } = useSurroundings()
  const [entry] = chosen
  return (
    <aside className="qd-details" aria-label={say('act.details')}>
      <div className="qd-details-close">
        <IconButton size="small" icon="close" label={say('details.close')} onPress={onClose} />
      </div>
      {entry === undefined && (
        <EmptyState icon="info" title={say('details.none.title')}>
          {say('details.none')}
        </EmptyState>
      )}
      {chosen.length > 1 && (
        <EmptyState icon="file" title={say('details.many', { count: chosen.length })}>
          {formatSize(
            chosen.reduce((sum, { bytes }) => sum + bytes, 0),
            locale,
          )}
        </EmptyState>
      )}
      {entry !== undefined && chosen.length === 1 && (
        <div className="qd-details-one aq-scroll" key={entry.id}>
          <div className="qd-details-head">
            <span className="qd-picture" data-kind={kindOf(entry)}>
              <TilePicture entry={entry} />
            </span>
            <EntryName name={entry.name} />
          </div>
          <Tabs
            label={say('act.details')}
            selected={entry.kind === 'folder' && (tab === 'versions' || tab === 'disk') ? 'info' : tab}
            onSelect={onTab}
            tabs={[
              { id: 'info', label: say('details.info'), content: <Info entry={entry} onTags={onTags} /> },
              {
                id: 'sharing',
                label: say('details.sharing'),
                content: <Sharing entry={entry} onShare={() => onShare(entry)} />,
              },
              ...(entry.kind === 'file'
                ? [
                    {
                      id: 'versions',
                      label: say('details.versions'),
                      content: <VersionList entry={entry} />,
                    },
                    { id: 'disk', label: say('details.disk'), content: <Disk entry={entry} /> },
                  ]
                : []),
            ]}
          />
        </div>
      )}
    </aside>
  )
}

function Info({ entry, onTags }: { readonly entry: Entry; readonly onTags: () => void }): ReactNode {
  const { say, locale } = useSurroundings()
  const facts: readonly (readonly [string, ReactNode])[] = [
    [say('column.kind'), say(`kind.${kindOf(entry)}`)],
    ...(entry.kind === 'file'
      ? [
          [
            say('column.size'),
            `${formatSize(entry.bytes, locale)} (${entry.bytes.toLocaleString(locale)} B)`,
          ] as const,
        ]
      : []),
    ...(entry.modifiedMs > 0
      ? [[say('column.modified'), formatMoment(entry.modifiedMs, locale)] as const]
      : []),
    [say('details.where'), parentOf(entry.path) === '/' ? say('place.drive') : parentOf(entry.path)],
    ...(entry.type === '' ? [] : [[say('details.type'), <code key="type">{entry.type}</code>] as const]),
    ...(entry.isLocked === true ? [[say('details.lock'), say('details.lock.on')] as const] : []),
  ]
  return (
    <>
      <dl className="qd-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div className="qd-section">
        <h3>{say('place.tags')}</h3>
        <div className="qd-tags">
          {entry.tags.map((tag) => (
            <span key={tag} className="qd-tag">
              {tag}
            </span>
          ))}
          <Button size="small" look="outline" icon="tag" onPress={onTags}>
            {say(entry.tags.length === 0 ? 'act.tag' : 'act.tag-change')}
          </Button>
        </div>
      </div>
    </>
  )
}

export function useGrants(direction: 'in' | 'out'): readonly Grant[] | undefined {
  const { sdk, events } = useSurroundings()
  const [grants, setGrants] = useState<readonly Grant[]>()
  useEffect(() => {
    let isWanted = true
    const read = (): void => {
      sdk.consent
        .grants({ direction })
        .then((all) => isWanted && setGrants(all))
        .catch(() => isWanted && setGrants([]))
    }
    read()
    const stop = events.on('consent', read)
    return () => {
      isWanted = false
      stop()
    }
  }, [sdk, events, direction])
  return grants
}

function Sharing({ entry, onShare }: { readonly entry: Entry; readonly onShare: () => void }): ReactNode {
  const { say } = useSurroundings()
  const grants = useGrants('out')
  const { standing, past } = grantsOf(entry.id, grants ?? [])
  return (
    <>
      {standing.length === 0 && <p className="qd-hint">{say('sharing.nobody')}</p>}
      <ul className="qd-grants">
        {standing.map((grant) => (
          <GrantRow key={grant.id} grant={grant} />
        ))}
      </ul>
      <Button look="outline" icon="share" isWide onPress={onShare}>
        {say('act.share')}
      </Button>
      {past.length > 0 && (
        <div className="qd-section">
          <h3>{say('sharing.past')}</h3>
          <ul className="qd-grants">
            {past.map((grant) => (
              <GrantRow key={grant.id} grant={grant} />
            ))}
          </ul>
        </div>
      )}
    </>
  )
}

/** What lies on the disk of this file, by what the index says of its versions; nothing that is not known is said. */
function Disk({ entry }: { readonly entry: Entry }): ReactNode {
  const { say, locale } = useSurroundings()
  const versions = useVersions(entry)
  if (versions === undefined) return null
  const facts = diskFactsOf(versions)
  return (
    <div className="qd-disk">
      <p className="qd-hint">{say('disk.about')}</p>
      <div className="qd-section">
        <h3>{say('disk.sees')}</h3>
        <Meter
          label={say('disk.stored')}
          value={facts.contentBytes === 0 ? 0 : Math.min(1, facts.storedBytes / facts.contentBytes)}
          text={say('disk.of', {
            stored: formatSize(facts.storedBytes, locale),
            content: formatSize(facts.contentBytes, locale),
          })}
        />
        <dl className="qd-facts">
          <div>
            <dt>{say('details.versions')}</dt>
            <dd>{facts.versions}</dd>
          </div>
          {facts.savedMs !== undefined && (
            <div>
              <dt>{say('disk.saved')}</dt>
              <dd>{formatMoment(facts.savedMs, locale)}</dd>
            </div>
          )}
          {facts.cid !== undefined && (
            <div>
              <dt>{say('disk.cid')}</dt>
              <dd>
                <code className="qd-cid">{facts.cid}</code>
              </dd>
            </div>
          )}
        </dl>
      </div>
      <div className="qd-section">
        <h3>{say('disk.sealed')}</h3>
        <ul className="qd-sealed">
          {sealedWordsOf(entry, facts).map(({ what, value }) => (
            <li key={what}>
              <Icon name="lock" />
              <span>
                <span className="qd-about">{say(`disk.${what}`)}</span>
                <span className="qd-clip">{value}</span>
              </span>
            </li>
          ))}
        </ul>
        <p className="qd-hint">{say('disk.note')}</p>
      </div>
    </div>
  )
}
