import {
  Answered,
  Button,
  EmptyState,
  Icon,
  Note,
  PageHead,
  SearchField,
  Select,
  useAsked,
  VirtualList,
} from '@anarq/design'
import { type ReactNode, useCallback, useState } from 'react'
import { useSurroundings } from '../context.ts'
import {
  actionKey,
  type Entry,
  iconOf,
  knownActions,
  limits,
  matching,
  nextLimit,
  objectIn,
} from '../logic/log.ts'
import { EntryPane } from './entry-pane.tsx'
import { LogLine } from './log-line.tsx'

/** Whatever changes anything leaves an entry. */
const everything = [
  'guardian',
  'drive',
  'consent',
  'identity',
  'lock',
  'apps',
  'browsers',
  'system',
  'tools',
] as const

const lineHeight = 52
const all = 'all'

/** Every entry, newest first, with what can be shown of the one that is chosen. */
export function Log(): ReactNode {
  const { sdk, say, events, deed } = useSurroundings()
  const [report, setReport] = useState<Report>()
  const [action, setAction] = useState<string>(all)
  const [text, setText] = useState('')
  const [limit, setLimit] = useState(limits[0] ?? 500)
  const [chosen, setChosen] = useState<string>()
  const object = objectIn(text)
  const ask = useCallback(
    () =>
      sdk.guardian.entries({
        limit,
        ...(action === all ? {} : { action }),
        ...(object === undefined ? {} : { object }),
      }),
    [sdk, limit, action, object],
  )
  const asked = useAsked(ask, events, ...everything)
  const { value } = asked
  const entries: readonly (Entry & { id: string })[] = matching(value ?? [], text).map((entry) => ({
    ...entry,
    id: String(entry.index),
  }))
  const more = nextLimit(limit, value?.length ?? 0)
  const titleOf = (entry: Entry): string => {
    const key = actionKey(entry.action)
    return key === undefined ? entry.action : say(key)
  }
  return (
    <>
      <PageHead
        title={say('log.title')}
        text={say('log.text')}
        acts={
          <Button
            icon="guardian"
            isPending={deed.isBusy}
            onPress={() => void deed.run(() => sdk.guardian.verify({})).then(setReport)}
          >
            {say('log.verify')}
          </Button>
        }
      />
      <Outcome report={report} />
      <div className="guardian-filters">
        <Select
          label={say('log.action')}
          value={action}
          onChange={setAction}
          options={[
            { value: all, label: say('log.all') },
            ...knownActions
              .map((one) => ({ value: one, label: say(actionKey(one) ?? 'log.all') }))
              .sort((a, b) => a.label.localeCompare(b.label)),
          ]}
        />
        <SearchField
          label={say('log.find')}
          placeholder={say('log.find.hint')}
          value={text}
          onChange={setText}
        />
        <span className="guardian-count">{say('log.count', { count: entries.length })}</span>
        {more !== undefined && (
          <Button size="small" onPress={() => setLimit(more)}>
            {say('log.more')}
          </Button>
        )}
      </div>
      <Answered asked={asked} icon="list" failed={say('log.failed')} waiting={null}>
        {() => (
          <div className="guardian-log">
            <VirtualList
              label={say('log.list')}
              items={entries}
              lineHeight={lineHeight}
              nameOf={titleOf}
              selected={chosen}
              onSelect={setChosen}
              line={(entry) => (
                <>
                  <Icon name={iconOf[entry.verdict]} label={say(`verdict.${entry.verdict}`)} />
                  <LogLine entry={entry} title={titleOf(entry)} />
                </>
              )}
              empty={
                value === undefined ? null : (
                  <EmptyState icon="list" title={say('log.none')}>
                    {say('log.none.text')}
                  </EmptyState>
                )
              }
            />
            <EntryPane
              entry={entries.find(({ id }) => id === chosen)}
              titleOf={titleOf}
              onClose={() => setChosen(undefined)}
            />
          </div>
        )}
      </Answered>
    </>
  )
}

type Report = { readonly isWhole: boolean; readonly size: number; readonly findings: readonly string[] }

/** What reading the whole log came to. */
function Outcome({ report }: { readonly report: Report | undefined }): ReactNode {
  const { say } = useSurroundings()
  return (
    <output className="guardian-report">
      {report !== undefined && (
        <Note tone={report.isWhole ? 'accent' : 'danger'} icon={report.isWhole ? 'check' : 'alert'}>
          {report.isWhole
            ? say('log.whole', { size: report.size })
            : say('log.broken', { findings: report.findings.join(' ') })}
        </Note>
      )}
    </output>
  )
}
