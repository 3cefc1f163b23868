// biome-ignore-all lint/a11y/useMediaCaption: what a person keeps comes as it is.
// biome-ignore-all lint/a11y/noNoninteractiveTabindex: text scrolls, so the keyboard must reach it.
import { Button, EmptyState, IconButton, Note, ProgressBar } from '@anarq/design'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useSurroundings } from '../context.ts'
import type { Entry } from '../logic/entry.ts'
import { formatMoment, formatSize } from '../logic/format.ts'
import { blobBytesMax, previewOf } from '../logic/kinds.ts'
import type { Downloaded } from '../model/download.ts'
import type { Lockable, LockKey } from '../model/locks.ts'
import { EntryName } from './entry-name.tsx'
import { KindIcon } from './kind-icon.tsx'
import { LockGate } from './lock.tsx'
import { Markdown } from './markdown.tsx'
import { type Loaded, useBlobUrl, useMedia, useText } from './use-content.ts'

export type PreviewProps = {
  readonly entry: Entry
  readonly version?: number | undefined
  readonly onClose: () => void
  /** To the file before or after this one; absent where there is none. */
  readonly onStep?: (by: 1 | -1) => void
  readonly onShare?: (() => void) | undefined
}

/** The file itself, over the whole window of the app. Space and Escape close it, arrows go on. */
export function PreviewPane({ entry, version, onClose, onStep, onShare }: PreviewProps): ReactNode {
  const { say, locale, actions } = useSurroundings()
  const pane = useRef<HTMLElement>(null)
  const [before] = useState(() => document.activeElement)
  const shown = shownOf(entry, version)
  useEffect(() => {
    const app = pane.current?.closest('.qd')
    // A field that asks for a passphrase has it already.
    if (pane.current?.contains(document.activeElement) === false) pane.current.focus()
    return () => {
      // A file that the window was opened for has no row where the keyboard was: it is in the list now.
      const list = app?.querySelector<HTMLElement>('[role=grid]')
      if (before instanceof HTMLElement && app?.contains(before) === true) before.focus()
      else list?.focus()
    }
  }, [before])
  return (
    <section
      ref={pane}
      className="qd-preview"
      role="dialog"
      aria-label={say('preview.of', { name: entry.name })}
      tabIndex={-1}
      onKeyDown={(event) => {
        const isInMedia =
          event.target instanceof Element &&
          event.target.closest('audio, video, button, a, input, .qd-text') !== null
        if (event.key === 'Escape' || (event.key === ' ' && !isInMedia)) onClose()
        else if (event.key === 'ArrowRight' && !isInMedia) onStep?.(1)
        else if (event.key === 'ArrowLeft' && !isInMedia) onStep?.(-1)
        else return
        event.preventDefault()
        event.stopPropagation()
      }}
    >
      <header>
        <KindIcon entry={entry} />
        <div className="qd-preview-title">
          <EntryName name={entry.name} />
          <span className="qd-about">
            {formatSize(entry.bytes, locale)} ·{' '}
            {version === undefined
              ? formatMoment(entry.modifiedMs, locale)
              : say('versions.number', { number: version })}
          </span>
        </div>
        {onStep !== undefined && (
          <>
            <IconButton icon="back" label={say('preview.previous')} keys="←" onPress={() => onStep(-1)} />
            <IconButton icon="chevron-right" label={say('preview.next')} keys="→" onPress={() => onStep(1)} />
          </>
        )}
        {onShare !== undefined && <IconButton icon="share" label={say('act.share')} onPress={onShare} />}
        <IconButton
          icon="download"
          label={say('act.download')}
          onPress={() => void actions.download([shown])}
        />
        <IconButton icon="close" label={say('act.close')} keys="Esc" onPress={onClose} />
      </header>
      <div className="qd-preview-body" key={`${entry.id} ${version}`}>
        <Body entry={entry} version={version} onUnlock={() => pane.current?.focus()} />
      </div>
    </section>
  )
}

/** What is downloaded is what is shown. Whether an older version has a second lock is not known beforehand. */
function shownOf({ path, name, isLocked }: Entry, version: number | undefined): Downloaded & Lockable {
  return version === undefined ? { path, name, isLocked } : { path, name, version }
}

/** In the page of a closed frame, which has no origin, no viewer of the browser's opens. */
const canShowPdf = origin !== 'null'

type Opening = {
  /** What was given for a second lock, for as long as this is shown. */
  readonly lock: LockKey | undefined
  readonly onOpen: (passphrase: string) => void
}
type BodyProps = { readonly entry: Entry; readonly version: number | undefined; readonly opening: Opening }

function Body({
  entry,
  version,
  onUnlock,
}: Omit<BodyProps, 'opening'> & { readonly onUnlock: () => void }): ReactNode {
  const [lock, setLock] = useState<LockKey>()
  const onOpen = (passphrase: string): void => {
    // The field goes away, and the keyboard with it.
    onUnlock()
    setLock((now) => ({ passphrase, turn: (now?.turn ?? 0) + 1 }))
  }
  const preview = previewOf(entry, canShowPdf)
  const shown = { entry, version, opening: { lock, onOpen } }
  // Of an older version it is known when it is asked for.
  const isAsked = entry.isLocked === true && version === undefined && lock === undefined
  if (isAsked && preview !== 'none') return <LockGate isWrong={false} onOpen={onOpen} />
  switch (preview) {
    case 'text':
    case 'markdown':
      return <TextBody {...shown} isMarkdown={preview === 'markdown'} />
    case 'audio':
    case 'video':
      if (lock === undefined) return <PlayerBody {...shown} preview={preview} />
      // No address of the node leads behind a second lock: it is fetched whole.
      return entry.bytes > blobBytesMax ? (
        <NoBody entry={entry} version={version} />
      ) : (
        <MediaBody {...shown} preview={preview} />
      )
    case 'image':
    case 'pdf':
      return <MediaBody {...shown} preview={preview} />
    case 'none':
      return <NoBody entry={entry} version={version} />
    default:
      return preview satisfies never
  }
}

function TextBody({
  entry,
  version,
  opening,
  isMarkdown,
}: BodyProps & { readonly isMarkdown: boolean }): ReactNode {
  const { say } = useSurroundings()
  const loaded = useText(entry.path, { version, bytes: entry.bytes }, opening.lock)
  return (
    <Waiting loaded={loaded} opening={opening}>
      {({ text, isCut }) => (
        <div className="qd-text aq-scroll" tabIndex={0} role="document" aria-label={entry.name}>
          {isCut && <Note>{say('preview.cut')}</Note>}
          {isMarkdown && !isCut ? <Markdown text={text} /> : <pre>{text}</pre>}
        </div>
      )}
    </Waiting>
  )
}

/** It plays while it comes, and from wherever one presses: only what is heard and seen travels. */
function PlayerBody({
  entry,
  version,
  opening,
  preview,
}: BodyProps & { readonly preview: 'audio' | 'video' }): ReactNode {
  const loaded = useMedia(entry, version)
  return (
    <Waiting loaded={loaded} opening={opening}>
      {(address) => <Player entry={entry} kind={preview} address={address} />}
    </Waiting>
  )
}

type PlayerProps = { readonly entry: Entry; readonly kind: 'audio' | 'video'; readonly address: string }

function Player({ entry, kind: Tag, address }: PlayerProps): ReactNode {
  const { say } = useSurroundings()
  const [isBroken, setBroken] = useState(false)
  if (isBroken)
    return (
      <EmptyState icon="alert" tone="danger" title={say('preview.failed')}>
        {say('preview.unplayable')}
      </EmptyState>
    )
  return (
    <Tag
      className={`qd-${Tag}`}
      controls
      preload="metadata"
      src={address}
      aria-label={entry.name}
      onError={() => setBroken(true)}
    />
  )
}

function MediaBody({
  entry,
  version,
  opening,
  preview,
}: BodyProps & { readonly preview: 'audio' | 'image' | 'pdf' | 'video' }): ReactNode {
  const { say } = useSurroundings()
  const loaded = useBlobUrl(entry, preview, version, opening.lock)
  return (
    <Waiting loaded={loaded} opening={opening}>
      {(url) => {
        if (preview === 'image') return <img className="qd-image" src={url} alt={entry.name} />
        if (preview !== 'pdf') return <Player entry={entry} kind={preview} address={url} />
        return (
          <div className="qd-pdf">
            <iframe src={url} title={entry.name} />
            <a href={url} target="_blank" rel="noopener noreferrer">
              {say('preview.in-tab')}
            </a>
          </div>
        )
      }}
    </Waiting>
  )
}

function NoBody({ entry, version }: Omit<BodyProps, 'opening'>): ReactNode {
  const { say, actions, locale } = useSurroundings()
  const isPdf = previewOf(entry) === 'pdf'
  const why =
    entry.bytes > blobBytesMax
      ? say('preview.too-large', { size: formatSize(blobBytesMax, locale) })
      : say(isPdf ? 'preview.no-viewer' : 'preview.none')
  return (
    <EmptyState
      icon="file"
      title={say(isPdf ? 'preview.no-viewer.title' : 'preview.none.title')}
      acts={
        <Button
          look="accent"
          icon="download"
          onPress={() => void actions.download([shownOf(entry, version)])}
        >
          {say('act.download')}
        </Button>
      }
    >
      {why}
    </EmptyState>
  )
}

function Waiting<Value>({
  loaded,
  opening: { lock, onOpen },
  children,
}: {
  readonly loaded: Loaded<Value>
  readonly opening: Opening
  readonly children: (value: Value) => ReactNode
}): ReactNode {
  const { say } = useSurroundings()
  if (loaded.at === 'ready') return children(loaded.value)
  if (loaded.at === 'failed' && loaded.isLocked)
    return <LockGate key={lock?.turn} isWrong={lock !== undefined} onOpen={onOpen} />
  if (loaded.at === 'failed')
    return (
      <EmptyState icon="alert" tone="danger" title={say('preview.failed')}>
        {loaded.sentence}
      </EmptyState>
    )
  return (
    <div className="qd-loading">
      <ProgressBar label={say('preview.loading')} {...(loaded.part > 0 ? { value: loaded.part } : {})} />
    </div>
  )
}
