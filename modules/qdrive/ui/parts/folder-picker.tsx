import { Breadcrumbs, Button, Dialog, List, Skeleton } from '@anarq/design'
import { type ReactNode, useEffect, useState } from 'react'
import { useSurroundings } from '../context.ts'
import type { Entry } from '../logic/entry.ts'
import { canMove, crumbsOf, isInside } from '../logic/paths.ts'
import { sorted } from '../logic/sorting.ts'

export type FolderPickerProps = {
  readonly title: string
  readonly act: string
  readonly entries: readonly Entry[]
  /** A copy may stay where it is, a move may not. */
  readonly isCopy: boolean
  readonly start: string
  readonly onPick: (folder: string) => void
  readonly onClose: () => void
}

const shownMax = 2000

/** Walks the folders of the drive; the one that is open is the one that is meant. */
export function FolderPicker({
  title,
  act,
  entries,
  isCopy,
  start,
  onPick,
  onClose,
}: FolderPickerProps): ReactNode {
  const { sdk, say, locale, faultText } = useSurroundings()
  const [path, setPath] = useState(start)
  const [folders, setFolders] = useState<readonly Entry[]>()
  const [failure, setFailure] = useState<string>()
  const paths = entries.map((entry) => entry.path)
  useEffect(() => {
    let isWanted = true
    setFolders(undefined)
    setFailure(undefined)
    sdk.storage
      .list({ path, limit: 10_000 })
      .then((all) => isWanted && setFolders(all.filter(({ kind }) => kind === 'folder')))
      .catch((error: unknown) => isWanted && setFailure(faultText(error)))
    return () => {
      isWanted = false
    }
  }, [sdk, path, faultText])
  const crumbs = [
    { id: '/', label: say('place.drive') },
    ...crumbsOf(path).map((one) => ({ id: one.path, label: one.name })),
  ]
  const isPossible = isCopy ? paths.every((one) => !isInside(path, one)) : canMove(paths, path)
  const shown = sorted(folders ?? [], { key: 'name', isDown: false }, locale).slice(0, shownMax)
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={title}
      closeLabel={say('act.close')}
      foot={
        <>
          <Button onPress={onClose}>{say('act.cancel')}</Button>
          <Button look="accent" isDisabled={!isPossible} onPress={() => onPick(path)}>
            {act}
          </Button>
        </>
      }
    >
      <div className="qd-picker">
        <Breadcrumbs label={say('where')} path={crumbs.slice(-3)} onGo={setPath} />
        <div className="qd-picker-list aq-scroll">
          {folders === undefined && failure === undefined && <Skeleton height={32} />}
          {failure !== undefined && <p>{failure}</p>}
          {folders !== undefined && shown.length === 0 && (
            <p className="qd-picker-none">{say('picker.none')}</p>
          )}
          {shown.length > 0 && (
            <List
              label={say('picker.folders')}
              items={shown.map(({ id, name }) => ({ id, label: name, icon: 'folder' }))}
              onAction={(key) => setPath(shown.find(({ id }) => id === key)?.path ?? path)}
              disabledKeys={shown.filter((one) => paths.includes(one.path)).map(({ id }) => id)}
            />
          )}
        </div>
      </div>
    </Dialog>
  )
}
