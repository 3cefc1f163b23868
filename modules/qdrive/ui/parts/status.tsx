import { Button, IconButton, type IconName, ProgressBar } from '@anarq/design'
import type { ReactNode } from 'react'
import { useSurroundings } from '../context.ts'
import type { Command } from '../logic/commands.ts'
import type { Entry } from '../logic/entry.ts'
import { formatSize } from '../logic/format.ts'
import type { Job } from '../model/jobs.ts'
import type { Said } from '../model/use-actions.ts'

export type StatusProps = {
  readonly entries: readonly Entry[]
  readonly chosen: readonly Entry[]
  readonly isLoading: boolean
  readonly said: Said | undefined
  readonly jobs: readonly Job[]
  readonly commands: readonly (Command | 'separator')[]
  readonly onRun: (command: Command) => void
  readonly onUnsay: () => void
}

const iconOf: Readonly<Partial<Record<Command, IconName>>> = {
  download: 'download',
  share: 'share',
  rename: 'edit',
  move: 'move',
  copy: 'copy',
  tag: 'tag',
  versions: 'history',
  details: 'info',
  restore: 'back',
  trash: 'trash',
  erase: 'trash',
}

/** How much there is, what is chosen and can be done with it, and what just happened. */
export function Status({
  entries,
  chosen,
  isLoading,
  said,
  jobs,
  commands,
  onRun,
  onUnsay,
}: StatusProps): ReactNode {
  const { say, locale } = useSurroundings()
  return (
    <div className="qd-status">
      <output className="qd-said" data-tone={said?.tone}>
        {said === undefined ? countOf() : said.text}
      </output>
      {said?.undo !== undefined && (
        <Button
          size="small"
          onPress={() => {
            onUnsay()
            said.undo?.()
          }}
        >
          {say('act.undo')}
        </Button>
      )}
      {said?.tone === 'danger' && (
        <IconButton size="small" icon="close" label={say('act.close')} onPress={onUnsay} />
      )}
      {jobs.map((job) => (
        <div className="qd-job" key={job.id}>
          <ProgressBar
            label={job.title}
            {...(job.part === undefined ? {} : { value: job.part })}
            {...(job.text === undefined ? {} : { text: job.text })}
          />
          <IconButton
            size="small"
            icon="close"
            label={say('act.cancel-one', { name: job.title })}
            onPress={job.cancel}
          />
        </div>
      ))}
      {chosen.length > 0 && (
        <div className="qd-status-acts">
          {commands.map((command) => {
            const icon = command === 'separator' ? undefined : iconOf[command]
            if (command === 'separator' || icon === undefined) return null
            return (
              <IconButton
                key={command}
                size="small"
                icon={icon}
                label={say(`act.${command}`)}
                onPress={() => onRun(command)}
              />
            )
          })}
        </div>
      )}
    </div>
  )

  function countOf(): string {
    const bytes = (some: readonly Entry[]): string =>
      formatSize(
        some.reduce((sum, one) => sum + one.bytes, 0),
        locale,
      )
    const number = new Intl.NumberFormat(locale)
    if (chosen.length > 0) {
      const count = number.format(chosen.length)
      return chosen.some(({ kind }) => kind === 'file')
        ? say(chosen.length === 1 ? 'status.chosen.one' : 'status.chosen', { count, size: bytes(chosen) })
        : say(chosen.length === 1 ? 'status.chosen.folder' : 'status.chosen.folders', { count })
    }
    if (isLoading)
      return entries.length === 0
        ? say('loading')
        : say('status.loading', { count: number.format(entries.length) })
    if (entries.length === 0) return ''
    const count = number.format(entries.length)
    const size = entries.some(({ kind }) => kind === 'file') ? ` · ${bytes(entries)}` : ''
    return say(entries.length === 1 ? 'status.one' : 'status.many', { count }) + size
  }
}
