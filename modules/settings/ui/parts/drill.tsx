import { Facts, FileChooser, Group, momentOf, Note, sizeOf } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { type ReactNode, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { amountOf } from '../logic/amount.ts'
import { unlikeIn, verdictOf } from '../logic/verdict.ts'
import { useWork, Working, Wrong } from './work.tsx'

type Report = Awaited<ReturnType<AppSdk['work']['checkBackup']>>

/** Reads a backup and says what would come back. */
export function Drill(): ReactNode {
  const { sdk, say, locale } = useSurroundings()
  const { bytes, problem, run, stop } = useWork()
  const [file, setFile] = useState<File>()
  const [report, setReport] = useState<Report>()
  const check = async (chosen: File): Promise<void> => {
    setFile(chosen)
    setReport(undefined)
    setReport(await run((watch) => sdk.work.checkBackup({ file: chosen, ...watch })))
  }
  const total = file?.size ?? 0
  return (
    <Group title={say('drill')} text={say('drill.text')}>
      {bytes === undefined ? (
        <div className="aq-acts">
          <FileChooser icon="history" accept=".car" onFile={(file) => void check(file)}>
            {say('drill.act')}
          </FileChooser>
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
  const { since, files, brokenFiles, identities, identitiesHere } = report
  const isWhole = identities === identitiesHere
  return (
    <div className="settings-found">
      <Note tone={isGood ? 'accent' : 'danger'} icon={isGood ? 'check' : 'alert'}>
        <strong>{say(`drill.${verdict}`, { name })}</strong>{' '}
        {say(`drill.${verdict}.text`, {
          files: files.toLocaleString(locale),
          broken: brokenFiles,
          changes: since.added + since.changed,
        })}
      </Note>
      {verdict !== 'others' && (
        <>
          <Paths name={say('drill.broken.paths')} paths={report.brokenPaths} of={brokenFiles} />
          <Paths name={say('drill.since.paths')} paths={since.paths} of={since.added + since.changed} />
          <Facts
            facts={[
              { name: say('drill.made'), value: momentOrNot(report.madeMs) },
              { name: say('drill.newest'), value: momentOrNot(report.newestMs) },
              { name: say('drill.back'), value: amountOf(files, report.contentBytes, say, locale) },
              {
                name: say('drill.readable'),
                value:
                  brokenFiles === 0
                    ? say('drill.readable.all')
                    : say('drill.readable.but', { broken: brokenFiles }),
              },
              {
                name: say('drill.here'),
                value: amountOf(report.filesHere, report.contentBytesHere, say, locale),
              },
              {
                name: say('drill.identities'),
                value: isWhole ? identities : say('drill.identities.of', { identities, of: identitiesHere }),
              },
              ...unlikeIn(since).map(({ what, count }) => ({
                name: say(`drill.since.${what}`),
                value: count,
              })),
            ]}
          />
        </>
      )}
    </div>
  )

  function momentOrNot(ms: number | undefined): string {
    return ms === undefined ? say('drill.unsaid') : momentOf(ms, locale)
  }
}

type PathsProps = { readonly name: string; readonly paths: readonly string[]; readonly of: number }

/** The first few by name, and how many more there are. */
function Paths({ name, paths, of }: PathsProps): ReactNode {
  const { say } = useSurroundings()
  if (paths.length === 0) return null
  return (
    <div className="settings-paths">
      <p className="aq-small">{name}</p>
      <ul aria-label={name}>
        {paths.map((path) => (
          <li key={path}>{path}</li>
        ))}
      </ul>
      {of > paths.length && (
        <p className="aq-small">{say('drill.paths.more', { count: of - paths.length })}</p>
      )}
    </div>
  )
}
