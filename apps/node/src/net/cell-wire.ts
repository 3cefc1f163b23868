import type { NodeId } from '@anarq/qnet'
import type { CellWire, Switch } from '@anarq/qnet/circuit'
import type { Ground } from './ground.ts'

export type CellWireOptions = {
  readonly ground: Pick<Ground, 'links' | 'hear'>
  readonly board: () => Switch
  /** Asks others where a node is. Calls back once, with whether it can be dialled now. */
  find(id: NodeId, done: (isKnown: boolean) => void): void
}

/** Held for one neighbour. The switch sends one after it was told that there is no room, unless it forgot that. */
const heldMax = 1024
/** Nodes asked for at once, by whoever wants a circuit to lead there. */
const findsMax = 32

/** Cells over the links of a node: one is opened where there is none, and what it does not take yet is held. */
export function createCellWire({ ground, board, find }: CellWireOptions): CellWire {
  const { links, hear } = ground
  const held = new Map<NodeId, Uint8Array[]>()
  let finds = 0

  const lost = (to: NodeId): void => {
    held.delete(to)
    board().lost(to)
  }
  const flush = (to: NodeId): void => {
    const cells = held.get(to)
    if (cells === undefined) return
    while (cells[0] !== undefined && links.sendCell(to, cells[0])) cells.shift()
    if (cells.length > 0) return
    held.delete(to)
    board().drained(to)
  }
  /** `lost` for a link that another attempt opened meanwhile would end what goes over it. */
  const lostUnlessLinked = (to: NodeId): void => {
    if (links.peer(to) === undefined) lost(to)
    else flush(to)
  }
  const seek = (to: NodeId): void => {
    if (finds >= findsMax) {
      lostUnlessLinked(to)
      return
    }
    finds += 1
    find(to, (isKnown) => {
      finds -= 1
      if (!isKnown) lostUnlessLinked(to)
      else
        links.connect(to).then(
          () => flush(to),
          () => lostUnlessLinked(to),
        )
    })
  }
  hear({
    onUp: flush,
    onCellRoom: flush,
    onDown: lost,
    onCell: (from, cell) => board().receive(from, cell),
  })

  return {
    send(to, cell) {
      const cells = held.get(to)
      if (cells === undefined && links.sendCell(to, cell)) return true
      if (cells === undefined) {
        held.set(to, [cell])
        if (links.peer(to) === undefined) seek(to)
      } else if (cells.length < heldMax) cells.push(cell)
      // Whoever opens circuits must have them in hand before it hears that they are gone.
      else queueMicrotask(() => lost(to))
      return false
    },
  }
}
