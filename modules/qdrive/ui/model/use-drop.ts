import { type DragEvent, useRef, useState } from 'react'
import type { Entry } from '../logic/entry.ts'
import { canMove } from '../logic/paths.ts'

/** Marks a drag as one of ours; what is dragged stays in this window's memory. */
export const dragType = 'application/x-anarq-drive'

export type Dropping = {
  /** A folder that something hovers over, or the place itself. */
  readonly over: string | undefined
  readonly isFromOutside: boolean
  setOver(path: string | undefined): void
  begin(entries: readonly Entry[], transfer: DataTransfer): void
  isDroppable(transfer: DataTransfer, path: string): boolean
  drop(path: string, transfer: DataTransfer): void
  /** For the pane around the list: drops from outside go into the folder that is open. */
  readonly pane: Pick<React.ComponentProps<'div'>, 'onDragEnter' | 'onDragOver' | 'onDragLeave' | 'onDrop'>
}

export type DropOptions = {
  readonly folder: string | undefined
  readonly onGive: (transfer: DataTransfer, folder: string) => void
  readonly onMove: (entries: readonly Entry[], folder: string, isCopy: boolean) => void
}

export function useDrop({ folder, onGive, onMove }: DropOptions): Dropping {
  const [over, setOver] = useState<string>()
  const [isFromOutside, setFromOutside] = useState(false)
  const dragged = useRef<readonly Entry[]>([])
  const isOurs = (transfer: DataTransfer): boolean => transfer.types.includes(dragType)
  const isFiles = (transfer: DataTransfer): boolean => transfer.types.includes('Files') && !isOurs(transfer)
  const isDroppable = (transfer: DataTransfer, path: string): boolean =>
    isFiles(transfer) ||
    (isOurs(transfer) &&
      canMove(
        dragged.current.map((one) => one.path),
        path,
      ))
  const end = (): void => {
    setOver(undefined)
    setFromOutside(false)
  }
  const drop = (path: string, transfer: DataTransfer): void => {
    end()
    if (isFiles(transfer)) onGive(transfer, path)
    else if (isOurs(transfer)) onMove(dragged.current, path, transfer.dropEffect === 'copy')
    dragged.current = []
  }
  const pane: Dropping['pane'] = {
    onDragEnter(event: DragEvent) {
      if (folder !== undefined && isFiles(event.dataTransfer)) setFromOutside(true)
    },
    onDragOver(event: DragEvent) {
      if (folder === undefined || !isFiles(event.dataTransfer)) return
      event.preventDefault()
      event.dataTransfer.dropEffect = 'copy'
      setFromOutside(true)
    },
    onDragLeave(event: DragEvent) {
      const isOut =
        !(event.relatedTarget instanceof Node) || !event.currentTarget.contains(event.relatedTarget)
      if (isOut) end()
    },
    onDrop(event: DragEvent) {
      if (folder === undefined || !isFiles(event.dataTransfer)) return
      event.preventDefault()
      drop(folder, event.dataTransfer)
    },
  }
  return {
    over,
    isFromOutside,
    setOver,
    isDroppable,
    drop,
    pane,
    begin(entries, transfer) {
      dragged.current = entries
      transfer.setData(dragType, '')
      transfer.effectAllowed = 'copyMove'
    },
  }
}
