import { Button, Group, PageHead, saveFile, sizeOf } from '@anarq/design'
import type { ReactNode } from 'react'
import { useSurroundings } from '../context.ts'
import { backupName } from '../logic/verdict.ts'
import { Drill } from './drill.tsx'
import { useWork, Working, Wrong } from './work.tsx'

/** A backup, the drill that shows that it is one, and how it comes back. */
export function Backup(): ReactNode {
  const { say } = useSurroundings()
  return (
    <>
      <PageHead title={say('place.backup')} text={say('backup.text')} />
      <Make />
      <Drill />
      <Restore />
    </>
  )
}

function Make(): ReactNode {
  const { sdk, say, locale, window } = useSurroundings()
  const { bytes, problem, run, stop } = useWork()
  const make = async (): Promise<void> => {
    const blob = await run((watch) => sdk.work.backup(watch))
    if (blob === undefined) return
    const name = backupName(Date.now())
    saveFile(name, blob)
    window.notify({
      title: say('backup.done', { name }),
      text: say('backup.done.text', { size: sizeOf(blob.size, locale) }),
      tone: 'success',
    })
  }
  return (
    <Group title={say('backup.make')} text={say('backup.make.text')}>
      {bytes === undefined ? (
        <div className="aq-acts">
          <Button look="accent" icon="download" onPress={() => void make()}>
            {say('backup.act')}
          </Button>
        </div>
      ) : (
        <Working label={say('backup.busy')} text={sizeOf(bytes, locale)} onStop={stop} />
      )}
      {problem !== undefined && <Wrong problem={problem} />}
    </Group>
  )
}

/** It is done where there is nothing yet; here stands what it does, and what it leaves alone. */
function Restore(): ReactNode {
  const { say } = useSurroundings()
  return (
    <Group title={say('restore')} text={say('restore.text')}>
      <ol className="settings-steps">
        <li>
          {say('restore.one')}
          <code className="aq-command">npx anarq up --home {say('restore.folder')}</code>
        </li>
        <li>{say('restore.two')}</li>
        <li>{say('restore.three')}</li>
      </ol>
      <ul className="settings-points">
        <li>{say('restore.empty')}</li>
        <li>{say('restore.here')}</li>
        <li>{say('restore.lacks')}</li>
        <li>{say('restore.two-nodes')}</li>
      </ul>
      <p className="aq-small">{say('restore.command')}</p>
      <code className="aq-command">npx anarq restore-backup anarq-….car --home {say('restore.folder')}</code>
    </Group>
  )
}
