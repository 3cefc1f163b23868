// biome-ignore-all lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard.
// biome-ignore-all lint/a11y/useSemanticElements: a part of a dialogue is a region, and no section of a document.
import { Badge, Button, Dialog, IconButton, Note, Skeleton } from '@anarq/design'
import { type ReactNode, useEffect, useMemo, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { condensed, type DiffLine, diffLines } from '../logic/diff.ts'
import type { Entry, Version } from '../logic/entry.ts'
import { formatMoment, formatSize } from '../logic/format.ts'
import { previewOf } from '../logic/kinds.ts'
import { PreviewPane } from './preview.tsx'
import { useText } from './use-content.ts'

export function useVersions(entry: Entry): readonly Version[] | undefined {
  const { sdk } = useSurroundings()
  const [versions, setVersions] = useState<readonly Version[]>()
  const { id, versions: count } = entry
  // biome-ignore lint/correctness/useExhaustiveDependencies: the number of versions says when there is another.
  useEffect(() => {
    let isWanted = true
    sdk.storage
      .versions({ path: `id:${id}` })
      .then((all) => isWanted && setVersions(all))
      .catch(() => isWanted && setVersions([]))
    return () => {
      isWanted = false
    }
  }, [sdk, id, count])
  return versions
}

export function VersionList({ entry }: { readonly entry: Entry }): ReactNode {
  const { say, locale, sdk, actions } = useSurroundings()
  const versions = useVersions(entry)
  const [shown, setShown] = useState<Version>()
  const [compared, setCompared] = useState<Version>()
  if (versions === undefined) return <Skeleton height={48} />
  const isText = ['text', 'markdown'].includes(previewOf(entry))
  const restore = ({ version }: Version): Promise<boolean> =>
    actions.attempt(async () => {
      await sdk.storage.restore({ path: `id:${entry.id}`, version })
      return { text: say('said.version', { number: version }), tone: 'plain' }
    })
  return (
    <>
      <ol className="qd-versions">
        {versions.map((one) => (
          <li key={one.version} data-latest={one.isLatest}>
            <div className="qd-version-text">
              <strong>
                {say('versions.number', { number: one.version })}{' '}
                {one.isLatest && <Badge tone="accent">{say('versions.latest')}</Badge>}
              </strong>
              <span className="qd-about">
                {formatMoment(one.savedMs, locale)} · {formatSize(one.bytes, locale)}
              </span>
            </div>
            <div className="qd-version-acts">
              <IconButton
                size="small"
                icon="eye"
                label={say('versions.show', { number: one.version })}
                onPress={() => setShown(one)}
              />
              <IconButton
                size="small"
                icon="download"
                label={say('versions.download', { number: one.version })}
                onPress={() =>
                  void actions.download([{ path: entry.path, name: entry.name, version: one.version }])
                }
              />
              {!one.isLatest && isText && (
                <IconButton
                  size="small"
                  icon="switch"
                  label={say('versions.compare', { number: one.version })}
                  onPress={() => setCompared(one)}
                />
              )}
              {!one.isLatest && (
                <IconButton
                  size="small"
                  icon="history"
                  label={say('versions.restore', { number: one.version })}
                  onPress={() => void restore(one)}
                />
              )}
            </div>
          </li>
        ))}
      </ol>
      {versions.length === 1 && <p className="qd-hint">{say('versions.one')}</p>}
      {shown !== undefined && (
        <PreviewPane
          entry={{ ...entry, bytes: shown.bytes, modifiedMs: shown.savedMs }}
          version={shown.version}
          onClose={() => setShown(undefined)}
        />
      )}
      {compared !== undefined && versions[0] !== undefined && (
        <Compare
          entry={entry}
          before={compared}
          after={versions[0]}
          onClose={() => setCompared(undefined)}
          onRestore={() => void restore(compared)}
        />
      )}
    </>
  )
}

function Sign({ kind }: { readonly kind: DiffLine['kind'] }): ReactNode {
  const { say } = useSurroundings()
  if (kind === 'same') return <span />
  return (
    <span role="img" aria-label={say(kind === 'added' ? 'compare.added' : 'compare.removed')}>
      {kind === 'added' ? '+' : '−'}
    </span>
  )
}

type CompareProps = {
  readonly entry: Entry
  readonly before: Version
  readonly after: Version
  readonly onClose: () => void
  readonly onRestore: () => void
}

function Compare({ entry, before, after, onClose, onRestore }: CompareProps): ReactNode {
  const { say } = useSurroundings()
  const left = useText(entry.path, before)
  const right = useText(entry.path, after)
  const parts = useMemo(() => {
    if (left.at !== 'ready' || right.at !== 'ready') return undefined
    const lines = diffLines(left.value.text, right.value.text)
    return lines === undefined ? 'different' : condensed(lines)
  }, [left, right])
  const failed = left.at === 'failed' ? left.sentence : right.at === 'failed' ? right.sentence : undefined
  const isSame = Array.isArray(parts) && parts.every(({ kind }) => kind === 'gap')
  return (
    <Dialog
      isOpen
      onClose={onClose}
      width="wide"
      title={say('compare.title', { from: before.version, to: after.version })}
      closeLabel={say('act.close')}
      foot={
        <>
          <Button onPress={onClose}>{say('act.close')}</Button>
          <Button
            look="accent"
            onPress={() => {
              onRestore()
              onClose()
            }}
          >
            {say('compare.restore', { number: before.version })}
          </Button>
        </>
      }
    >
      {failed !== undefined && (
        <Note tone="danger" icon="alert">
          {failed}
        </Note>
      )}
      {parts === undefined && failed === undefined && <Skeleton height={120} />}
      {parts === 'different' && <Note>{say('compare.different')}</Note>}
      {isSame && <Note>{say('compare.same')}</Note>}
      {Array.isArray(parts) && !isSame && (
        <div className="qd-diff aq-scroll" tabIndex={0} role="region" aria-label={say('compare.changes')}>
          {parts.map((part, i) =>
            part.kind === 'gap' ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one comparison keep their order.
              <p key={i} className="qd-diff-gap">
                {say('compare.gap', { count: part.lines })}
              </p>
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: as above.
              <div key={i} className="qd-diff-line" data-kind={part.kind}>
                <span aria-hidden="true">{part.before ?? ''}</span>
                <span aria-hidden="true">{part.after ?? ''}</span>
                <Sign kind={part.kind} />
                <code>{part.text}</code>
              </div>
            ),
          )}
        </div>
      )}
    </Dialog>
  )
}
