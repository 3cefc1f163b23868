// biome-ignore-all lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard.
import { Button, Icon, IconButton, ProgressBar } from '@anarq/design'
import { type ReactNode, useState, useSyncExternalStore } from 'react'
import { useSurroundings } from '../context.ts'
import { formatRest, formatSize } from '../logic/format.ts'
import { nameOf } from '../logic/paths.ts'
import { factsOf, type Upload } from '../logic/uploads.ts'
import type { Uploads } from '../model/use-uploads.ts'
import { EntryName } from './entry-name.tsx'
import { KindIcon } from './kind-icon.tsx'

const shownMax = 60
const order = { failed: 0, absent: 1, sending: 2, paused: 3, waiting: 4, done: 5, cancelled: 6 } as const

/** What is on its way in: above all how far, how fast and how long still; and each file by itself. */
export function UploadsPanel({ uploads }: { readonly uploads: Uploads }): ReactNode {
  const { say, locale } = useSurroundings()
  const { tell } = uploads
  const queue = useSyncExternalStore(uploads.subscribe, uploads.queue)
  const [isOpen, setOpen] = useState(true)
  const facts = factsOf(queue, Date.now())
  if (queue.uploads.size === 0) return null
  const isOver = facts.open === 0
  const shown = [...queue.uploads.values()]
    .sort((a, b) => order[a.status.at] - order[b.status.at])
    .slice(0, shownMax)
  const title = isOver
    ? facts.failed > 0
      ? say('uploads.failed', { count: facts.failed })
      : facts.absent > 0
        ? say('uploads.absent', { count: facts.absent })
        : say(facts.done === 1 ? 'uploads.done.one' : 'uploads.done', { count: facts.done })
    : say(facts.files === 1 ? 'uploads.open.one' : 'uploads.open', { done: facts.done, files: facts.files })
  return (
    <section className="qd-uploads" aria-label={say('uploads')}>
      <header>
        <strong role="status">{title}</strong>
        {!isOver && (
          <IconButton
            size="small"
            icon={queue.isPaused ? 'play' : 'pause'}
            label={say(queue.isPaused ? 'act.resume-all' : 'act.pause-all')}
            onPress={() => tell({ what: queue.isPaused ? 'resume-all' : 'pause-all' })}
          />
        )}
        <IconButton
          size="small"
          icon={isOpen ? 'chevron-down' : 'sort'}
          label={say(isOpen ? 'act.fold' : 'act.unfold')}
          aria-expanded={isOpen}
          onPress={() => setOpen(!isOpen)}
        />
        <IconButton
          size="small"
          icon="close"
          label={say(isOver && facts.failed + facts.absent === 0 ? 'act.close' : 'act.cancel-all')}
          onPress={() => {
            tell({ what: 'cancel-all' })
            tell({ what: 'clear' })
          }}
        />
      </header>
      {!isOver && (
        <div className="qd-uploads-sum">
          <ProgressBar
            label={say('uploads.progress')}
            value={facts.bytes === 0 ? 0 : facts.sent / facts.bytes}
            text={paceOf()}
          />
        </div>
      )}
      {isOpen && (
        <ul className="aq-scroll" tabIndex={0} aria-label={say('uploads')}>
          {shown.map((upload) => (
            <UploadRow key={upload.id} upload={upload} uploads={uploads} />
          ))}
          {queue.uploads.size > shownMax && (
            <li className="qd-uploads-more">
              {say('uploads.more', { count: queue.uploads.size - shownMax })}
            </li>
          )}
        </ul>
      )}
    </section>
  )

  function paceOf(): string {
    const sent = `${formatSize(facts.sent, locale)} / ${formatSize(facts.bytes, locale)}`
    if (queue.isPaused) return `${sent} · ${say('uploads.paused')}`
    if (facts.rate === undefined) return sent
    const rate = `${formatSize(facts.rate, locale)}/s`
    return facts.restSeconds === undefined
      ? `${sent} · ${rate}`
      : `${sent} · ${rate} · ${formatRest(facts.restSeconds, locale)}`
  }
}

function UploadRow({
  upload,
  uploads: { tell, giveAgain },
}: {
  readonly upload: Upload
  readonly uploads: Uploads
}): ReactNode {
  const { say, locale } = useSurroundings()
  const [needsDrop, setNeedsDrop] = useState(false)
  const { id, path, bytes, sent, status, isFolder, isLarge, type } = upload
  const name = nameOf(path)
  const label = (key: 'act.pause' | 'act.resume' | 'act.cancel-one' | 'act.retry' | 'act.give'): string =>
    say(key, { name })
  return (
    <li className="qd-upload" data-at={status.at}>
      <KindIcon entry={{ kind: isFolder ? 'folder' : 'file', type, name }} />
      <div className="qd-upload-text">
        <EntryName name={name} />
        <span className="qd-about">{aboutOf()}</span>
        {status.at === 'sending' && isLarge && (
          <span className="qd-upload-bar">
            <span style={{ width: `${(100 * sent) / Math.max(1, bytes)}%` }} />
          </span>
        )}
      </div>
      {status.at === 'done' && (
        <span className="qd-upload-done">
          <Icon name="check" label={say('uploads.is-done')} />
        </span>
      )}
      {status.at === 'sending' && isLarge && (
        <IconButton
          size="small"
          icon="pause"
          label={label('act.pause')}
          onPress={() => tell({ what: 'pause', id })}
        />
      )}
      {status.at === 'paused' && (
        <IconButton
          size="small"
          icon="play"
          label={label('act.resume')}
          onPress={() => tell({ what: 'resume', id })}
        />
      )}
      {status.at === 'failed' && (
        <IconButton
          size="small"
          icon="refresh"
          label={label('act.retry')}
          onPress={() => tell({ what: 'retry', id })}
        />
      )}
      {status.at === 'absent' && !needsDrop && (
        <Button size="small" onPress={() => void giveAgain(id).then((isGiven) => setNeedsDrop(!isGiven))}>
          {say('act.go-on')}
        </Button>
      )}
      {status.at !== 'done' && status.at !== 'cancelled' && (
        <IconButton
          size="small"
          icon="close"
          label={label('act.cancel-one')}
          onPress={() => tell({ what: 'cancel', id })}
        />
      )}
    </li>
  )

  function aboutOf(): string {
    if (status.at === 'failed')
      return status.code === 'missing.source' ? say('fault.source') : status.sentence
    if (status.at === 'absent')
      return needsDrop
        ? say('uploads.drop-again')
        : say('uploads.stopped', { percent: Math.floor((100 * sent) / Math.max(1, bytes)) })
    if (status.at === 'cancelled') return say('uploads.is-cancelled')
    if (status.at === 'paused')
      return `${say('uploads.is-paused')} · ${formatSize(sent, locale)} / ${formatSize(bytes, locale)}`
    if (status.at === 'sending' && isLarge)
      return `${formatSize(sent, locale)} / ${formatSize(bytes, locale)}`
    return isFolder ? say('kind.folder') : formatSize(bytes, locale)
  }
}
