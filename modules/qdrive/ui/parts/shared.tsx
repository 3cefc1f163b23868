import { Button, EmptyState, FileInput, Icon, IconButton, Note, Skeleton } from '@anarq/design'
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react'
import { useSurroundings } from '../context.ts'
import type { Entry } from '../logic/entry.ts'
import { formatSize } from '../logic/format.ts'
import type { Shared } from '../model/download.ts'
import type { Lockable } from '../model/locks.ts'
import { useGrants } from './details.tsx'
import { EntryName } from './entry-name.tsx'
import { GrantRow } from './grant-row.tsx'
import { KindIcon } from './kind-icon.tsx'

/** What I allowed others: each permission, and the way to take it back. */
export function SharedByMe({ onShow }: { readonly onShow: (path: string) => void }): ReactNode {
  const { say, sdk, actions } = useSurroundings()
  const grants = useGrants('out')
  if (grants === undefined) return <Skeleton height={64} />
  if (grants.length === 0)
    return (
      <EmptyState icon="share" title={say('empty.shared-by-me.title')}>
        {say('empty.shared-by-me')}
      </EmptyState>
    )
  const show = (object: string): void =>
    void actions.attempt(async () => {
      onShow((await sdk.storage.entry({ path: `id:${object}` })).path)
      return undefined
    })
  return (
    <div className="qd-page aq-scroll">
      <ul className="qd-grants qd-grants-page">
        {grants.map((grant) => (
          <GrantRow key={grant.id} grant={grant} showsName onOpen={() => show(grant.object)} />
        ))}
      </ul>
    </div>
  )
}

const folder = 'app:/shared'
const pingBytesMax = 64 * 1024

type Opened = { readonly entry: Entry; readonly within?: readonly Entry[] }
type Kept = {
  readonly path: string
  readonly name: string
  readonly ping: Uint8Array
  readonly opened: Opened | string | undefined
}

/** What others allowed me: by the ping files that they sent, which this app keeps. */
export function SharedWithMe(): ReactNode {
  const { say, sdk, faultText, actions } = useSurroundings()
  const [kept, setKept] = useState<readonly Kept[]>()
  const input = useRef<HTMLInputElement>(null)

  const read = useCallback(async (): Promise<void> => {
    const entries = await sdk.storage.list({ path: folder }).catch(() => [])
    const all: Kept[] = []
    for (const { path, name } of entries) {
      const { bytes } = await sdk.storage.read({ path })
      all.push({ path, name, ping: bytes, opened: undefined })
    }
    setKept(all)
  }, [sdk])
  useEffect(() => {
    read().catch(() => setKept([]))
  }, [read])

  const open = async (one: Kept): Promise<void> => {
    const opened = await openPing(sdk, one.ping).catch((error: unknown) => faultText(error))
    setKept((all) => all?.map((other) => (other.path === one.path ? { ...other, opened } : other)))
  }
  const take = async (files: Iterable<File>): Promise<void> => {
    await actions.attempt(async () => {
      for (const file of files) {
        if (file.size > pingBytesMax) throw new Error(say('shared.no-ping'))
        const ping = new Uint8Array(await file.arrayBuffer())
        // Opened first: what is no ping file, or not for me, is not kept.
        await openPing(sdk, ping)
        await sdk.storage.write({ path: `${folder}/${file.name}`, bytes: ping })
      }
      await read()
      return undefined
    })
  }
  const forget = (one: Kept): Promise<boolean> =>
    actions.attempt(async () => {
      await sdk.storage.remove({ path: one.path, isForever: true })
      await read()
      return undefined
    })
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only a place to drop on; the button does the same by keyboard.
    <div
      className="qd-page aq-scroll"
      onDragOver={(event) => event.dataTransfer.types.includes('Files') && event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault()
        event.stopPropagation()
        void take([...event.dataTransfer.files])
      }}
    >
      <FileInput
        input={input}
        name="pings"
        accept=".ping"
        isMany
        label={say('shared.open')}
        onFiles={(files) => void take(files)}
      />
      {kept === undefined && <Skeleton height={64} />}
      {kept?.length === 0 && (
        <EmptyState
          icon="people"
          title={say('empty.shared-with-me.title')}
          acts={
            <Button look="accent" icon="upload" onPress={() => input.current?.click()}>
              {say('shared.open')}
            </Button>
          }
        >
          {say('empty.shared-with-me')}
        </EmptyState>
      )}
      {kept !== undefined && kept.length > 0 && (
        <>
          <div className="qd-page-head">
            <Button look="outline" icon="upload" onPress={() => input.current?.click()}>
              {say('shared.open')}
            </Button>
          </div>
          <ul className="qd-grants qd-grants-page">
            {kept.map((one) => (
              <SharedRow
                key={one.path}
                one={one}
                onOpen={() => void open(one)}
                onForget={() => void forget(one)}
              />
            ))}
          </ul>
        </>
      )}
    </div>
  )
}

function SharedRow({
  one,
  onOpen,
  onForget,
}: {
  readonly one: Kept
  readonly onOpen: () => void
  readonly onForget: () => void
}): ReactNode {
  const { say, locale, actions } = useSurroundings()
  const { opened, name, ping } = one
  return (
    <li className="qd-grant">
      <span className="qd-kind" data-kind="ping">
        <Icon name="share" />
      </span>
      <div className="qd-grant-text">
        <EntryName name={typeof opened === 'object' ? opened.entry.name : name.replace(/\.ping$/, '')} />
        {typeof opened === 'string' && (
          <Note tone="danger" icon="alert">
            {opened}
          </Note>
        )}
        {typeof opened === 'object' && opened.within === undefined && (
          <span className="qd-about">{formatSize(opened.entry.bytes, locale)}</span>
        )}
        {typeof opened === 'object' && opened.within !== undefined && (
          <ul className="qd-within">
            {opened.within.slice(0, 200).map((entry) => (
              <li key={entry.path}>
                <KindIcon entry={entry} /> <span className="qd-clip">{entry.path}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
      {typeof opened === 'object' ? (
        <Button
          size="small"
          look="outline"
          icon="download"
          onPress={() => void actions.downloadShared({ ping, ...whatIsShared(opened) })}
        >
          {say('act.download')}
        </Button>
      ) : (
        <Button size="small" look="outline" onPress={onOpen}>
          {say('act.open')}
        </Button>
      )}
      <IconButton size="small" icon="close" label={say('shared.forget', { name })} onPress={onForget} />
    </li>
  )
}

function whatIsShared({ entry, within = [] }: Opened): Omit<Shared, 'ping'> & Lockable {
  const all = [entry, ...within]
  return {
    name: entry.name,
    kind: entry.kind,
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    isLocked: all.some(({ isLocked }) => isLocked === true),
  }
}

async function openPing(sdk: ReturnType<typeof useSurroundings>['sdk'], ping: Uint8Array): Promise<Opened> {
  const [first, ...within] = await sdk.content.listShared({ ping })
  if (first === undefined) throw new Error('empty')
  return first.kind === 'folder' ? { entry: first, within } : { entry: first }
}
