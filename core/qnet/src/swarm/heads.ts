import { readArray, readBytes, readInt } from '@anarq/ipld'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { quorumOf } from './certificate.ts'
import { pick } from './chance.ts'
import type { IsSigned } from './feed.ts'
import { compareHeads, feedBytes, type HeadStore, headsKept, type SignedHead } from './head-store.ts'
import type { Membership } from './membership.ts'
import { homeOfFeed, isUnder } from './place.ts'
import { signatureBytesMax } from './ports.ts'
import type { Requests } from './requests.ts'
import type { View } from './view.ts'

/** What is said of an index: where it ends (`head`), what it stands on (`list`), who stands for it (`bail`). */
export type Word = 'bail' | 'head' | 'list'

export type Heads = {
  /** Done with the number of other nodes that keep it, when that is a quorum of the neighbourhood or nobody is left to ask. */
  put(feed: Uint8Array, head: SignedHead, done: (copies: number) => void): void
  /** Greatest sequence first. Two of one sequence are an owner's that wrote apart. */
  find(feed: Uint8Array, then: (heads: readonly SignedHead[]) => void): void
  kept(feed: Uint8Array): readonly SignedHead[]
  tick(): void
  changed(): void
  receive(from: NodeId, kind: string, body: readonly unknown[]): boolean
  /** Whether such a message answers what was asked here. */
  answers(kind: string): boolean
}

export type HeadsOptions = {
  readonly self: NodeId
  readonly world: World
  readonly membership: Membership
  readonly requests: Requests
  readonly store: HeadStore
  viewOf(home: Uint8Array, then: (view: View | undefined) => void): void
  send(to: NodeId, kind: string, ...body: readonly unknown[]): void
  readonly isHead: IsSigned
  readonly word: Word
  /** Those of the greatest sequences. */
  readonly keptMax: number
  /** Whether something of an index that is not known here yet is kept. */
  mayOpen(feed: Uint8Array, heads: readonly SignedHead[]): boolean
}

/** What 25 people with some identities each need, many times over: whoever makes up more fills nobody's memory. */
const feedsMax = 10_000
const graceMs = 1500

/** Heads are small and precious: the whole neighbourhood keeps them, and whoever comes in is told. */
export function createHeads({
  self,
  world,
  membership,
  requests,
  store,
  viewOf,
  send,
  isHead,
  word,
  keptMax,
  mayOpen,
}: HeadsOptions): Heads {
  const [asking, answer, told] = [`${word}s?`, `${word}s`, `${word}ed`]
  /** Told of, and not yet durable. */
  const unsettled = new Map<string, number>()
  let turn: Uint8Array[] = []

  function keep(feed: Uint8Array, heads: readonly SignedHead[], done: (isKept: boolean) => void): void {
    const before = store.get(feed)
    const fresh = heads.filter((head) => !before.some((one) => compareHeads(one, head) === 0))
    const name = feed.toHex()
    if (fresh.length === 0) {
      done(!unsettled.has(name))
      return
    }
    const isRoom = before.length > 0 || (store.size() < feedsMax && mayOpen(feed, heads))
    if (!isRoom || !fresh.every((one) => isHead(feed, one.sequence, one.head, one.signature))) {
      done(false)
      return
    }
    const now = [...before, ...fresh].sort(compareHeads).slice(0, keptMax)
    // What was said before and was followed by better is no news.
    if (!now.some((one) => fresh.includes(one))) {
      done(!unsettled.has(name))
      return
    }
    unsettled.set(name, (unsettled.get(name) ?? 0) + 1)
    store.set(feed, now, (isDurable) => {
      const left = (unsettled.get(name) ?? 1) - 1
      if (left === 0) unsettled.delete(name)
      else unsettled.set(name, left)
      done(isDurable)
    })
  }

  function tellTo(id: NodeId, feed: Uint8Array, then: (isKept: boolean) => void): void {
    requests.ask(id, word, [feed, store.get(feed).map(encodeHead)], (said) => then(said?.[0] === true))
  }

  /** A feed of another part of the space, since this one was divided: it goes there, and then from here. */
  function handOver(feed: Uint8Array): void {
    viewOf(homeOfFeed(feed), (view) => {
      let copies = 0
      for (const { id } of view?.members ?? [])
        if (id !== self)
          tellTo(id, feed, (isKept) => {
            copies += isKept ? 1 : 0
            if (view !== undefined && copies >= quorumOf(view.members.length)) store.set(feed, [], () => {})
          })
    })
  }

  return {
    put(feed, head, done) {
      viewOf(homeOfFeed(feed), (view) => {
        const others = (view?.members ?? []).filter(({ id }) => id !== self)
        const isHere = others.length < (view?.members.length ?? 0)
        if (isHere) keep(feed, [head], () => {})
        const enough = Math.min(others.length, quorumOf(view?.members.length ?? 0))
        let copies = 0
        let waiting = others.length
        let isDone = false
        const end = (): void => {
          if (isDone || (copies < enough && waiting > 0)) return
          isDone = true
          done(copies)
        }
        end()
        for (const { id } of others)
          requests.ask(id, word, [feed, [encodeHead(head)]], (said) => {
            waiting -= 1
            copies += said?.[0] === true ? 1 : 0
            end()
          })
      })
    },
    find(feed, then) {
      viewOf(homeOfFeed(feed), (view) => {
        const found = new Map<string, SignedHead>()
        for (const head of store.get(feed)) found.set(head.head.toHex(), head)
        const others = (view?.members ?? []).filter(({ id }) => id !== self)
        let waiting = others.length
        let answered = 0
        let isDone = false
        const end = (): void => {
          if (isDone) return
          isDone = true
          then([...found.values()].sort(compareHeads))
        }
        if (waiting === 0) end()
        for (const { id } of others)
          requests.ask(id, asking, [feed], (said) => {
            for (const head of said === undefined ? [] : readHeads(said[0]))
              if (isHead(feed, head.sequence, head.head, head.signature)) found.set(head.head.toHex(), head)
            waiting -= 1
            answered += said === undefined ? 0 : 1
            // A head is put with a quorum: half of the members know one who has it. Who is gone is not waited for long.
            if (waiting === 0) end()
            else if (answered * 2 >= others.length) world.after(graceMs, end)
          })
      })
    },
    kept: store.get,
    tick() {
      const view = membership.view()
      if (view === undefined) return
      if (turn.length === 0) turn = [...store.feeds()]
      for (const feed of turn.splice(0, 4)) {
        if (store.get(feed).length === 0) continue
        if (!isUnder(homeOfFeed(feed), view.prefix)) handOver(feed)
        else
          for (const { id } of pick(view.members, 2, world.random))
            if (id !== self) tellTo(id, feed, () => {})
      }
    },
    changed() {
      turn = [...store.feeds()]
    },
    answers: (kind) => kind === answer || kind === told,
    receive(from, kind, body) {
      if (kind !== word && kind !== asking) return false
      const number = readInt(body[0], 'a number')
      const feed = readBytes(body[1], 'a feed', { length: feedBytes })
      const prefix = membership.view()?.prefix
      const isHere = prefix !== undefined && isUnder(homeOfFeed(feed), prefix)
      if (kind === asking) send(from, answer, number, store.get(feed).map(encodeHead))
      else {
        const heads = readHeads(body[2])
        if (!isHere) send(from, told, number, false)
        else keep(feed, heads, (isKept) => send(from, told, number, isKept))
      }
      return true
    },
  }
}

function encodeHead({ sequence, head, signature }: SignedHead): readonly unknown[] {
  return [sequence, head, signature]
}

function readHeads(value: unknown): SignedHead[] {
  return readArray(value, 'heads', { max: headsKept }).map((one) => {
    const [sequence, head, signature] = readArray(one, 'a head', { max: 3 })
    return {
      sequence: readInt(sequence, 'a sequence'),
      head: readBytes(head, 'a head', { length: 32 }),
      signature: readBytes(signature, 'a signature', { max: signatureBytesMax }),
    }
  })
}
