import {
  Button,
  Facts,
  Group,
  momentOf,
  Note,
  PageHead,
  type Problem,
  ProgressBar,
  saveFile,
  sizeOf,
  useDeed,
} from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { type ReactNode, useRef, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { amountOf } from '../logic/amount.ts'
import { backupName, verdictOf } from '../logic/verdict.ts'

type Report = Awaited<ReturnType<AppSdk['work']['checkBackup']>>

/** A backup, the drill that shows that it is one, and how it comes back. */
export function Backup(): ReactNode {
  const { say } = useSurroundings()
  return (
    <>
      <PageHead title={say('backup')} text={say('backup.text')} />
      <Make />
      <Drill />
      <Group title={say('restore')} text={say('restore.text')}>
        <ol className="settings-steps">
          <li>{say('restore.one')}</li>
          <li>
            {say('restore.two')}
            <code className="aq-command">npx anarq restore-backup anarq-….car --home NEW-FOLDER</code>
          </li>
          <li>
            {say('restore.three')}
            <code className="aq-command">npx anarq up --home NEW-FOLDER</code>
          </li>
        </ol>
        <p className="aq-small">{say('restore.passphrase')}</p>
      </Group>
    </>
  )
}

/** One piece of long work: how far it is, and a way out of it. */
function useWork(): {
  readonly bytes: number | undefined
  readonly problem: Problem | undefined
  run<T>(
    act: (watch: { onProgress(at: { bytes: number }): void; signal: AbortSignal }) => Promise<T>,
  ): Promise<T | undefined>
  stop(): void
} {
  const [bytes, setBytes] = useState<number>()
  const [problem, setProblem] = useState<Problem>()
  const stopping = useRef<AbortController>(undefined)
  const deed = useDeed((met) => {
    if (stopping.current?.signal.aborted !== true) setProblem(met)
  })
  return {
    bytes,
    problem,
    stop: () => stopping.current?.abort(),
    async run(act) {
      const stop = new AbortController()
      stopping.current = stop
      setProblem(undefined)
      setBytes(0)
      const done = await deed.run(() => act({ onProgress: (at) => setBytes(at.bytes), signal: stop.signal }))
      setBytes(undefined)
      return done
    },
  }
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

function Drill(): ReactNode {
  const { sdk, say, locale } = useSurroundings()
  const { bytes, problem, run, stop } = useWork()
  const [file, setFile] = useState<File>()
  const [report, setReport] = useState<Report>()
  const choose = useRef<HTMLInputElement>(null)
  const check = async (chosen: File): Promise<void> => {
    setFile(chosen)
    setReport(undefined)
    setReport(await run((watch) => sdk.work.checkBackup({ file: chosen, ...watch })))
  }
  const total = file?.size ?? 0
  return (
    <Group title={say('drill')} text={say('drill.text')}>
      <input
        ref={choose}
        type="file"
        accept=".car"
        hidden
        onChange={({ currentTarget }) => {
          const [chosen] = currentTarget.files ?? []
          currentTarget.value = ''
          if (chosen !== undefined) void check(chosen)
        }}
      />
      {bytes === undefined ? (
        <div className="aq-acts">
          <Button icon="history" onPress={() => choose.current?.click()}>
            {say('drill.act')}
          </Button>
        </div>
      ) : (
        <Working
          label={say('drill.busy')}
          value={bytes / Math.max(1, total)}
          text={say('storage.of', { used: sizeOf(bytes, locale), of: sizeOf(total, locale) })}
          onStop={stop}
        />
      )}
      {problem !== undefined && <Wrong problem={problem} />}
      <output>{report !== undefined && <Found name={file?.name ?? ''} report={report} />}</output>
    </Group>
  )
}

function Found({ name, report }: { readonly name: string; readonly report: Report }): ReactNode {
  const { say, locale } = useSurroundings()
  const verdict = verdictOf(report)
  const isGood = verdict === 'good' || verdict === 'behind'
  const { madeMs, newestMs, files, contentBytes, filesHere, contentBytesHere, changesSince } = report
  const when = (ms: number | undefined): string =>
    ms === undefined ? say('drill.unsaid') : momentOf(ms, locale)
  return (
    <div className="settings-found">
      <Note tone={isGood ? 'accent' : 'danger'} icon={isGood ? 'check' : 'alert'}>
        <strong>{say(`drill.${verdict}`, { name })}</strong>{' '}
        {say(`drill.${verdict}.text`, { broken: report.brokenFiles, changes: changesSince })}
      </Note>
      {verdict !== 'others' && (
        <Facts
          facts={[
            { name: say('drill.made'), value: when(madeMs) },
            { name: say('drill.newest'), value: when(newestMs) },
            { name: say('drill.back'), value: amountOf(files, contentBytes, say, locale) },
            { name: say('drill.here'), value: amountOf(filesHere, contentBytesHere, say, locale) },
            { name: say('drill.identities'), value: report.identities },
          ]}
        />
      )}
    </div>
  )
}

type WorkingProps = {
  readonly label: string
  readonly text: string
  readonly value?: number
  readonly onStop: () => void
}

function Working({ onStop, ...bar }: WorkingProps): ReactNode {
  const { say } = useSurroundings()
  return (
    <div className="settings-working">
      <ProgressBar {...bar} />
      <Button onPress={onStop}>{say('cancel')}</Button>
    </div>
  )
}

function Wrong({ problem }: { readonly problem: Problem }): ReactNode {
  return (
    <Note tone="danger" icon="alert">
      {problem.sentence}
    </Note>
  )
}
