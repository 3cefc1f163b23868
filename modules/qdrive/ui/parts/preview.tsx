// biome-ignore-all lint/a11y/useMediaCaption: what a person keeps comes as it is.
// biome-ignore-all lint/a11y/noNoninteractiveTabindex: text scrolls, so the keyboard must reach it.
import { Button, EmptyState, IconButton, Note, ProgressBar } from '@anarq/design'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useSurroundings } from '../context.ts'
import type { Entry } from '../logic/entry.ts'
import { formatMoment, formatSize } from '../logic/format.ts'
import { blobBytesMax, previewOf } from '../logic/kinds.ts'
import { EntryName } from './entry-name.tsx'
import { KindIcon } from './kind-icon.tsx'
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
  useEffect(() => {
    const app = pane.current?.closest('.qd')
    const before = document.activeElement
    pane.current?.focus()
    return () => {
      // A file that the window was opened for has no row where the keyboard was: it is in the list now.
      const list = app?.querySelector<HTMLElement>('[role=grid]')
      if (before instanceof HTMLElement && app?.contains(before) === true) before.focus()
      else list?.focus()
    }
  }, [])
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
          onPress={() => void actions.download([entry])}
        />
        <IconButton icon="close" label={say('act.close')} keys="Esc" onPress={onClose} />
      </header>
      <div className="qd-preview-body" key={`${entry.id} ${version}`}>
        <Body entry={entry} version={version} />
      </div>
    </section>
  )
}

/** In the page of a closed frame, which has no origin, no viewer of the browser's opens. */
const canShowPdf = origin !== 'null'

type BodyProps = { readonly entry: Entry; readonly version: number | undefined }

function Body({ entry, version }: BodyProps): ReactNode {
  const preview = previewOf(entry, canShowPdf)
  switch (preview) {
    case 'text':
    case 'markdown':
      return <TextBody entry={entry} version={version} isMarkdown={preview === 'markdown'} />
    case 'audio':
    case 'video':
      return <PlayerBody entry={entry} version={version} preview={preview} />
    case 'image':
    case 'pdf':
      return <MediaBody entry={entry} version={version} preview={preview} />
    case 'none':
      return <NoBody entry={entry} />
    default:
      return preview satisfies never
  }
}

function TextBody({ entry, version, isMarkdown }: BodyProps & { readonly isMarkdown: boolean }): ReactNode {
  const { say } = useSurroundings()
  const loaded = useText(entry.path, { version, bytes: entry.bytes })
  return (
    <Waiting loaded={loaded}>
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
  preview: Player,
}: BodyProps & { readonly preview: 'audio' | 'video' }): ReactNode {
  const { say } = useSurroundings()
  const loaded = useMedia(entry, version)
  const [isBroken, setBroken] = useState(false)
  if (isBroken)
    return (
      <EmptyState icon="alert" tone="danger" title={say('preview.failed')}>
        {say('preview.unplayable')}
      </EmptyState>
    )
  return (
    <Waiting loaded={loaded}>
      {(address) => (
        <Player
          className={`qd-${Player}`}
          controls
          preload="metadata"
          src={address}
          aria-label={entry.name}
          onError={() => setBroken(true)}
        />
      )}
    </Waiting>
  )
}

function MediaBody({
  entry,
  version,
  preview,
}: BodyProps & { readonly preview: 'image' | 'pdf' }): ReactNode {
  const { say } = useSurroundings()
  const loaded = useBlobUrl(entry, preview, version)
  return (
    <Waiting loaded={loaded}>
      {(url) => {
        if (preview === 'image') return <img className="qd-image" src={url} alt={entry.name} />
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

function NoBody({ entry }: { readonly entry: Entry }): ReactNode {
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
        <Button look="accent" icon="download" onPress={() => void actions.download([entry])}>
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
  children,
}: {
  readonly loaded: Loaded<Value>
  readonly children: (value: Value) => ReactNode
}): ReactNode {
  const { say } = useSurroundings()
  if (loaded.at === 'ready') return children(loaded.value)
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
