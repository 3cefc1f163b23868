// biome-ignore-all lint/a11y/useSemanticElements: the elements of a table cannot stand for rows that are not drawn.
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus, and says which of its rows is active.
import { Icon, Skeleton } from '@anarq/design'
import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from 'react'
import { useSurroundings } from '../context.ts'
import type { Entry } from '../logic/entry.ts'
import { formatSize, formatTime } from '../logic/format.ts'
import { kindOf } from '../logic/kinds.ts'
import { parentOf } from '../logic/paths.ts'
import { chooseMany, type Selection } from '../logic/selection.ts'
import type { Sort, SortKey } from '../logic/sorting.ts'
import { type Box, type Shape, scrollFor, touchedBy, windowOf } from '../logic/windowing.ts'
import { EntryName } from './entry-name.tsx'
import { KindIcon, TilePicture } from './kind-icon.tsx'

export type Look = 'list' | 'grid'

export type FileViewProps = {
  readonly label: string
  readonly look: Look
  readonly entries: readonly Entry[]
  readonly isLoading: boolean
  readonly selection: Selection
  readonly sort: Sort
  readonly isNarrow: boolean
  /** Beside the name: for what was found, and what lies in the trash. */
  readonly showsPath: boolean
  readonly canDrag: boolean
  readonly dropFolder: string | undefined
  readonly onSelect: (selection: Selection) => void
  readonly onPress: (id: string, how: { isRange: boolean; isToggle: boolean }) => void
  readonly onMenu: (id: string | undefined) => void
  readonly onOpen: (entry: Entry) => void
  readonly onSort: (key: SortKey) => void
  readonly onKey: (event: KeyboardEvent<HTMLElement>, columns: number, page: number) => void
  readonly onDragBegin: (entry: Entry, transfer: DataTransfer) => void
  readonly onDragOverFolder: (path: string | undefined) => void
  readonly onDropOn: (path: string, transfer: DataTransfer) => void
  readonly isDroppable: (transfer: DataTransfer, path: string) => boolean
}

const rowHeight = { list: 40, grid: 156 }
const tileWidth = 136
const columns: readonly {
  readonly key: SortKey
  readonly label: 'column.name' | 'column.modified' | 'column.size'
}[] = [
  { key: 'name', label: 'column.name' },
  { key: 'modified', label: 'column.modified' },
  { key: 'size', label: 'column.size' },
]

/** A folder of any size: only what is in sight is drawn. One stop for the tab key; arrows walk inside. */
export function FileView(props: FileViewProps): ReactNode {
  const { label, look, entries, isLoading, selection, onSelect, onMenu, onKey } = props
  const { say } = useSurroundings()
  const scroller = useRef<HTMLDivElement>(null)
  const base = useId()
  const { shape, width, onScroll } = useShape(scroller, entries.length, look)
  const { from, to, offset, total } = windowOf(shape)
  const activeIndex = entries.findIndex(({ id }) => id === selection.active)
  // Only when the keyboard moved on: scrolling away by hand is no reason to come back.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above.
  useEffect(() => {
    const wanted =
      activeIndex < 0
        ? undefined
        : scrollFor(activeIndex, { ...shape, scrolled: scroller.current?.scrollTop ?? 0 })
    if (wanted !== undefined) scroller.current?.scrollTo({ top: wanted })
  }, [activeIndex, look])
  const frame = useMarquee(scroller, { ...shape, width }, (ids) => onSelect(chooseMany(ids)), entries)
  const isGrid = look === 'grid'
  const shown = entries.slice(from, to)
  const idOf = (entry: Entry): string => `${base}-${entry.id}`
  const active = entries[activeIndex]
  const isDrawn = activeIndex >= from && activeIndex < to

  return (
    <div className="qd-view" data-look={look}>
      <div
        className="qd-grid aq-scroll"
        ref={scroller}
        tabIndex={0}
        role="grid"
        aria-label={label}
        aria-multiselectable="true"
        aria-rowcount={isGrid ? Math.ceil(entries.length / shape.columns) : entries.length + 1}
        aria-colcount={isGrid ? shape.columns : columns.length}
        aria-busy={isLoading}
        aria-activedescendant={active !== undefined && isDrawn ? idOf(active) : undefined}
        onScroll={onScroll}
        onKeyDown={(event) =>
          onKey(event, shape.columns, Math.max(1, Math.floor(shape.height / shape.rowHeight) - 1))
        }
        onPointerDown={frame.onPointerDown}
        onContextMenu={(event) => {
          if (event.target === scroller.current || (event.target as Element).closest('[data-id]') === null)
            onMenu(undefined)
        }}
      >
        {!isGrid && <Head {...props} />}
        <div role="rowgroup" className="qd-body" style={{ height: total }}>
          <div
            className="qd-slice"
            style={{
              transform: `translateY(${offset}px)`,
              ...(isGrid ? { gridTemplateColumns: `repeat(${shape.columns}, 1fr)` } : {}),
            }}
          >
            {isGrid
              ? rowsOf(shown, shape.columns).map((row, i) => (
                  <div
                    key={row[0]?.id}
                    role="row"
                    aria-rowindex={from / shape.columns + i + 1}
                    className="qd-tiles"
                  >
                    {row.map((entry) => (
                      <Tile key={entry.id} id={idOf(entry)} entry={entry} {...props} />
                    ))}
                  </div>
                ))
              : shown.map((entry, i) => (
                  <Row key={entry.id} id={idOf(entry)} index={from + i + 2} entry={entry} {...props} />
                ))}
          </div>
          {isLoading && entries.length === 0 && <Waiting look={look} label={say('loading')} />}
        </div>
        {frame.box !== undefined && (
          <div
            className="qd-frame"
            style={{
              left: frame.box.left,
              top: frame.box.top + frame.headHeight,
              width: frame.box.right - frame.box.left,
              height: frame.box.bottom - frame.box.top,
            }}
          />
        )}
      </div>
    </div>
  )
}

function rowsOf(entries: readonly Entry[], perRow: number): readonly (readonly Entry[])[] {
  const rows: (readonly Entry[])[] = []
  for (let at = 0; at < entries.length; at += perRow) rows.push(entries.slice(at, at + perRow))
  return rows
}

function Head({ sort, onSort }: FileViewProps): ReactNode {
  const { say } = useSurroundings()
  return (
    <div role="rowgroup" className="qd-head">
      <div role="row" aria-rowindex={1} className="qd-row qd-row-head">
        {columns.map(({ key, label }) => {
          const isSorted = sort.key === key
          const order = isSorted ? (sort.isDown ? 'descending' : 'ascending') : 'none'
          return (
            <div key={key} role="columnheader" aria-sort={order} className="qd-cell" data-column={key}>
              <button type="button" tabIndex={-1} className="qd-sort" onClick={() => onSort(key)}>
                {say(label)}
                {isSorted && (
                  <span className="qd-sort-mark" data-down={sort.isDown}>
                    <Icon name="sort" />
                  </span>
                )}
              </button>
            </div>
          )
        })}
      </div>
    </div>
  )
}

type OneProps = FileViewProps & { readonly id: string; readonly entry: Entry }

function handlersOf({ entry, canDrag, selection, onPress, onMenu, onOpen, onDragBegin, ...drop }: OneProps) {
  const isFolder = entry.kind === 'folder'
  return {
    'data-id': entry.id,
    'aria-selected': selection.chosen.has(entry.id),
    'data-active': selection.active === entry.id,
    'data-drop': isFolder && drop.dropFolder === entry.path,
    draggable: canDrag,
    onClick: (event: React.MouseEvent) => {
      // A finger opens; a long press chooses, and then each tap one more or less.
      const isFinger = (event.nativeEvent as globalThis.PointerEvent).pointerType === 'touch'
      if (isFinger && selection.chosen.size === 0) onOpen(entry)
      else
        onPress(entry.id, { isRange: event.shiftKey, isToggle: isFinger || event.ctrlKey || event.metaKey })
    },
    onDoubleClick: () => onOpen(entry),
    onContextMenu: () => onMenu(entry.id),
    onDragStart: (event: React.DragEvent) => onDragBegin(entry, event.dataTransfer),
    onDragOver: (event: React.DragEvent) => {
      if (!isFolder || !drop.isDroppable(event.dataTransfer, entry.path)) return
      event.preventDefault()
      event.stopPropagation()
      drop.onDragOverFolder(entry.path)
    },
    onDragLeave: () => drop.onDragOverFolder(undefined),
    onDrop: (event: React.DragEvent) => {
      if (!isFolder || !drop.isDroppable(event.dataTransfer, entry.path)) return
      event.preventDefault()
      event.stopPropagation()
      drop.onDropOn(entry.path, event.dataTransfer)
    },
  }
}

function Row({ index, ...props }: OneProps & { readonly index: number }): ReactNode {
  const { id, entry, showsPath } = props
  const { say, locale } = useSurroundings()
  return (
    <div id={id} role="row" aria-rowindex={index} className="qd-row" {...handlersOf(props)}>
      <div role="gridcell" className="qd-cell" data-column="name">
        <KindIcon entry={entry} />
        <span className="qd-title">
          <EntryName name={entry.name} />
          {entry.isLocked === true && <LockMark />}
          {showsPath && (
            <span className="qd-where">
              {parentOf(entry.path) === '/' ? say('place.drive') : parentOf(entry.path).slice(1)}
            </span>
          )}
        </span>
        {entry.tags.slice(0, 2).map((tag) => (
          <span key={tag} className="qd-tag">
            {tag}
          </span>
        ))}
      </div>
      <div role="gridcell" className="qd-cell" data-column="modified">
        {entry.kind === 'folder' && entry.modifiedMs === 0
          ? ''
          : formatTime(entry.modifiedMs, Date.now(), locale)}
      </div>
      <div role="gridcell" className="qd-cell" data-column="size">
        {entry.kind === 'folder' ? '' : formatSize(entry.bytes, locale)}
      </div>
    </div>
  )
}

function Tile(props: OneProps): ReactNode {
  const { id, entry } = props
  const { locale, say } = useSurroundings()
  const about = entry.kind === 'folder' ? say('kind.folder') : formatSize(entry.bytes, locale)
  return (
    <div id={id} role="gridcell" className="qd-tile" {...handlersOf(props)}>
      <span className="qd-picture" data-kind={kindOf(entry)}>
        <TilePicture entry={entry} />
      </span>
      <EntryName name={entry.name} />
      <span className="qd-about">
        {entry.isLocked === true && <LockMark />} {about}
      </span>
    </div>
  )
}

function LockMark(): ReactNode {
  const { say } = useSurroundings()
  return (
    <span className="qd-lock-mark" role="img" aria-label={say('lock.mark')} title={say('lock.mark')}>
      <Icon name="lock" />
    </span>
  )
}

function Waiting({ look, label }: { readonly look: Look; readonly label: string }): ReactNode {
  const widths = [42, 31, 54, 38, 47, 35, 50, 29]
  return (
    <div role="row">
      <div role="gridcell" className="qd-waiting" data-look={look} aria-label={label}>
        {widths.map((width) => (
          <span key={width} className="qd-waiting-row">
            <Skeleton width={look === 'list' ? 28 : 96} height={look === 'list' ? 28 : 72} />
            <Skeleton width={look === 'list' ? `${width}%` : 84} />
          </span>
        ))}
      </div>
    </div>
  )
}

function useShape(scroller: React.RefObject<HTMLDivElement | null>, count: number, look: Look) {
  const [size, setSize] = useState({ width: 800, height: 600 })
  const [scrolled, setScrolled] = useState(0)
  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null) return
    const measure = (): void => setSize({ width: element.clientWidth, height: element.clientHeight })
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [scroller])
  const shape: Shape = {
    count,
    columns: look === 'grid' ? Math.max(2, Math.floor((size.width - 16) / tileWidth)) : 1,
    rowHeight: rowHeight[look],
    height: size.height,
    scrolled,
  }
  return { shape, width: size.width, onScroll: () => setScrolled(scroller.current?.scrollTop ?? 0) }
}

const dragMin = 5

/** A frame drawn with the mouse from where nothing lies. */
function useMarquee(
  scroller: React.RefObject<HTMLDivElement | null>,
  shape: Shape & { readonly width: number },
  onTouch: (ids: readonly string[]) => void,
  entries: readonly Entry[],
) {
  const [box, setBox] = useState<Box>()
  const headHeight = shape.columns === 1 && shape.rowHeight === rowHeight.list ? 36 : 0
  const latest = useRef({ shape, onTouch, entries })
  latest.current = { shape, onTouch, entries }
  const onPointerDown = (event: PointerEvent<HTMLElement>): void => {
    const element = scroller.current
    if (element === null || event.button !== 0 || event.pointerType !== 'mouse') return
    if ((event.target as Element).closest('[data-id], button') !== null) return
    const edges = element.getBoundingClientRect()
    if (event.clientX > edges.left + element.clientWidth) return
    const placeOf = (x: number, y: number) => ({
      x: x - edges.left,
      y: y - edges.top + element.scrollTop - headHeight,
    })
    const start = placeOf(event.clientX, event.clientY)
    let isDrawn = false
    const onMove = (move: globalThis.PointerEvent): void => {
      const at = placeOf(move.clientX, move.clientY)
      if (!isDrawn && Math.abs(at.x - start.x) + Math.abs(at.y - start.y) < dragMin) return
      isDrawn = true
      const next = {
        left: Math.min(start.x, at.x),
        right: Math.max(start.x, at.x),
        top: Math.max(0, Math.min(start.y, at.y)),
        bottom: Math.max(0, Math.max(start.y, at.y)),
      }
      setBox(next)
      const { shape: now, entries: all, onTouch: touch } = latest.current
      touch(touchedBy(next, now).map((index) => (all[index] as Entry).id))
    }
    const onUp = (): void => {
      window.removeEventListener('pointermove', onMove)
      window.removeEventListener('pointerup', onUp)
      setBox(undefined)
      if (!isDrawn) latest.current.onTouch([])
    }
    window.addEventListener('pointermove', onMove)
    window.addEventListener('pointerup', onUp)
  }
  return { box, headHeight, onPointerDown }
}
