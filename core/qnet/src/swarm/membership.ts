import { equalBytes } from '@anarq/bytes'
import { readArray, readInt, readText } from '@anarq/ipld'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { type Accusations, createAccusations } from './accusations.ts'
import { createAcross } from './across.ts'
import { type Agreement, createAgreement } from './agreement.ts'
import type { Card } from './card.ts'
import type { Certificate } from './certificate.ts'
import { pick } from './chance.ts'
import { createEntry } from './entry.ts'
import type { MembershipSettings } from './membership-settings.ts'
import { verdictOn } from './overlap.ts'
import { flipped, type Place } from './place.ts'
import type { Signing } from './ports.ts'
import { createProbes, type Probes } from './probes.ts'
import { createRecovery, foundingProof } from './recovery.ts'
import {
  type Change,
  decodeViews,
  encodeProof,
  encodeViews,
  epochStepMax,
  hashOfView,
  hasMember,
  isNextOf,
  isProved,
  mayMerge,
  mergeAt,
  nextViews,
  readProof,
  tagOf,
  type View,
  type ViewProof,
  viewFor,
  viewSubject,
} from './view.ts'

export type MembershipOptions = {
  /** '' for MasterNet, else the branch. */
  readonly network: string
  readonly card: Card
  readonly world: World
  readonly signing: Signing
  readCard(value: unknown): Card
  /** Whether this node may be a member at all: a branch asks for a certificate here. */
  admits(card: Card): boolean
  send(to: NodeId, kind: string, ...body: readonly unknown[]): void
  /** It asks nobody in. */
  readonly isGuest: boolean
  /** This node has no neighbourhood any more, or not yet: whoever routes finds the one for its place. */
  homeless(): void
  changed(view: View, before: View | undefined, all: readonly View[]): void
  /** Someone who may know the neighbourhood beside. */
  contacts(place: Place, count: number): readonly NodeId[]
  readonly settings: MembershipSettings
}

export type Membership = {
  readonly probes: Probes
  readonly accusations: Accusations
  view(): View | undefined
  proof(): ViewProof | undefined
  /** Alone, and the first. */
  found(): void
  tick(): void
  receive(from: NodeId, kind: string, body: readonly unknown[]): boolean
  /** A proof from anywhere. True where it stands. */
  learn(proof: ViewProof, from: NodeId | undefined): boolean
  stop(): void
}

const ghostsMax = 16
const strayMax = 12
/** Where nobody of those who left is silent, it is soon known who is left. */
const movedTicks = 3

/** The neighbourhood of one node: who is in it, agreed by those who are. */
export function createMembership(options: MembershipOptions): Membership {
  const { network, card, world, signing, readCard, admits, send, settings } = options
  const self = card.id
  let view: View | undefined
  let proof: ViewProof | undefined
  let tag: Uint8Array = new Uint8Array(8)
  let agreement: Agreement | undefined
  let stopBatch: (() => void) | undefined
  let needTicks = 0
  let smallTicks = 0
  let merge: View | undefined
  const across = createAcross(world, settings.probeMs)
  const ghosts: NodeId[] = []
  /** Members that answer, but again and again out of another view: they live, and live elsewhere. */
  const strays = new Map<NodeId, number>()
  /** Whoever another view names, and says itself that it is elsewhere, need not say it often. */
  const isMoved = (id: NodeId): boolean => strays.has(id) && across.names(id)
  const isElsewhere = (id: NodeId): boolean => isMoved(id) || (strays.get(id) ?? 0) >= strayMax
  const isLeft = (id: NodeId): boolean => probes.isGone(id) || isElsewhere(id)
  const left = (): NodeId[] =>
    view?.members.map(({ id }) => id).filter((id) => id !== self && isLeft(id)) ?? []

  const probes = createProbes({
    world,
    self,
    members: () => view?.members.map(({ id }) => id) ?? [],
    send,
    tag: () => [view?.epoch ?? 0, tag],
    onTag(from, epoch, theirs) {
      if (view === undefined) return
      const isSame = equalBytes(theirs, tag)
      if (isSame) strays.delete(from)
      else strays.set(from, (strays.get(from) ?? 0) + 1)
      if (!isSame && epoch >= view.epoch) send(from, 'view?')
    },
    timeoutMs: settings.probeTimeoutMs,
    suspectTicks: settings.suspectTicks,
  })
  const accusations = createAccusations({
    network,
    self,
    signing,
    view: () => view,
    tell: (...part) => tellMembers(part),
    banTicks: settings.banTicks,
    condemned: () => look(),
  })
  const entry = createEntry({
    network,
    card,
    world,
    signing,
    readCard,
    view: () => view,
    admits,
    isOut: accusations.isOut,
    send,
    isIn: (id) => proof !== undefined && send(id, 'view', encodeProof(proof)),
  })
  const recovery = createRecovery({
    network,
    self,
    world,
    signing,
    readCard,
    view: () => view,
    isGone: (id) => id !== self && (isLeft(id) || accusations.isOut(id)),
    send,
    recovered: (recoveredProof) => adopt(recoveredProof),
  })

  const tellMembers = (part: readonly unknown[]): void => {
    const [kind, ...body] = part as [string, ...unknown[]]
    for (const { id } of view?.members ?? []) if (id !== self) send(id, kind, ...body)
  }

  function change(): Change {
    const leaves = new Set<NodeId>(left())
    for (const { id } of view?.members ?? []) if (accusations.isOut(id) && id !== self) leaves.add(id)
    const now = view
    const incoming = merge !== undefined && now !== undefined && mayMerge(merge, now) ? merge : undefined
    const last = (now?.epoch ?? 0) + epochStepMax
    const before = [...entry.askers(), ...(incoming === undefined ? [] : [incoming])]
    return {
      joins: entry.askers().map((one) => one.card),
      leaves,
      merge: incoming,
      cut: now && across.cut(now, leaves),
      epoch: Math.min(last, Math.max((now?.epoch ?? 0) + 1, ...before.map((one) => one.epoch + 1))),
    }
  }

  /** Whether there is anything to agree on; if so, it begins. */
  function look(): boolean {
    if (view === undefined) return false
    entry.tidy(view)
    if (isIdle(change())) return false
    stopBatch ??= world.after(settings.batchMs, () => {
      stopBatch = undefined
      ensureAgreement()?.start()
    })
    return true
  }

  function ensureAgreement(): Agreement | undefined {
    if (view === undefined) return undefined
    const of = view
    agreement ??= createAgreement({
      subject: viewSubject(network, of.prefix, hashOfView(of)),
      electorate: of.members,
      self,
      world,
      signing,
      send: (to, part) => send(to, 'agree', of.prefix, of.epoch + 1, part),
      propose() {
        const next = change()
        const views = isIdle(next) ? [] : nextViews(of, next)
        return views.length === 0 ? undefined : encodeViews(views)
      },
      accepts: (value) => isAcceptable(of, value),
      decided: (value, certificate) => decided(of, value, certificate),
      caught: (evidence) => accusations.prove(evidence),
    })
    return agreement
  }

  function isAcceptable(of: View, value: Uint8Array): boolean {
    const views = decodeViews(value, readCard)
    const named = new Map(
      views.flatMap(({ members }) => members.map((member) => [member.id, member] as const)),
    )
    const leaves = new Set(of.members.filter(({ id }) => !named.has(id)).map(({ id }) => id))
    for (const id of leaves) if (!isLeft(id) && !accusations.isOut(id)) return false
    const isMerge = views.some(({ prefix }) => prefix.length < of.prefix.length)
    const incoming = isMerge ? merge : undefined
    if (isMerge && (incoming === undefined || !mayMerge(incoming, of))) return false
    const come = [...named.values()].filter(({ id }) => !hasMember(of, id))
    // Each must have asked this node as well, or come with the neighbourhood that is taken in.
    const isAwaited = ({ id }: Card): boolean =>
      entry.has(id) || (incoming !== undefined && hasMember(incoming, id))
    const isClean = come.every((one) => isAwaited(one) && admits(one) && !accusations.isOut(one.id))
    const epoch = views[0]?.epoch ?? 0
    const isInReach = epoch > of.epoch && epoch <= of.epoch + epochStepMax
    const own: Change = { joins: come, leaves, merge: incoming, epoch }
    const isSame = (next: Change): boolean =>
      !isIdle(next) && equalBytes(encodeViews(nextViews(of, next)), value)
    const cut = across.cut(of, leaves)
    return isClean && isInReach && (isSame(own) || (cut !== undefined && isSame({ ...own, cut })))
  }

  function decided(of: View, value: Uint8Array, certificate: Certificate): void {
    const views = decodeViews(value, readCard)
    const next: ViewProof = {
      kind: 'agreed',
      from: of.prefix,
      previous: hashOfView(of),
      value,
      views,
      certificate,
      electorate: of.members,
    }
    // Who came does not hear the agreement: half of the members would do, and one of them always lives.
    const come = views.flatMap(({ members }) => members).filter(({ id }) => !hasMember(of, id))
    const told = encodeProof(next)
    for (const { id } of come) send(id, 'view', told)
    adopt(next)
  }

  function adopt(next: ViewProof): void {
    const mine = viewFor(next.views, card.place)
    const before = view
    agreement?.end()
    agreement = undefined
    needTicks = 0
    smallTicks = 0
    merge = undefined
    across.clear()
    // Who went without a word may be beyond a cut: asked now and then, to meet again. Who is in the other half of a division is not.
    const isNamed = (id: NodeId): boolean => next.views.some((one) => hasMember(one, id))
    for (const { id } of before?.members ?? [])
      if (id !== self && !ghosts.includes(id) && !isNamed(id)) ghosts.unshift(id)
    strays.clear()
    if (mine === undefined || !hasMember(mine, self)) {
      leave(next)
      return
    }
    view = mine
    proof = next
    tag = tagOf(mine)
    ghosts.splice(0, ghosts.length, ...ghosts.filter((id) => !isNamed(id)).slice(0, ghostsMax))
    entry.tidy(mine)
    options.changed(mine, before, next.views)
    look()
  }

  function leave(to: ViewProof): void {
    view = undefined
    proof = undefined
    tag = new Uint8Array(8)
    agreement?.end()
    agreement = undefined
    entry.askIn(to, 0)
    options.homeless()
  }

  function learn(next: ViewProof, from: NodeId | undefined): boolean {
    const theirs = viewFor(next.views, card.place)
    const tagOfTheirs = theirs && tagOf(theirs)
    if (
      theirs !== undefined &&
      tagOfTheirs !== undefined &&
      view !== undefined &&
      equalBytes(tagOfTheirs, tag)
    )
      return true
    if (
      !isProved(next, network, signing) ||
      next.views.some((one) => one.members.some((member) => !admits(member)))
    )
      return false
    if (view === undefined) {
      if (theirs !== undefined && hasMember(theirs, self) && !options.isGuest) adopt(next)
      else if (theirs !== undefined && !options.isGuest) entry.askIn(next, 0)
    } else if (theirs === undefined) onBeyond(next, view)
    else if (next.kind === 'agreed' && isNextOf(next, view)) adopt(next)
    else {
      // A view that most of its members have left counts for no more than those who stayed.
      const standing = { ...view, members: view.members.filter(({ id }) => !isElsewhere(id)) }
      const verdict = verdictOn(standing, theirs, self)
      if (verdict === 'adopt') adopt(next)
      else if (verdict === 'ask') askAcross(next, theirs)
      else if (verdict === 'tell') {
        if (from !== undefined && proof !== undefined && theirs.epoch !== view.epoch - 1)
          send(from, 'view', encodeProof(proof))
        // A division says where those went who are no neighbours any more, too.
        onBeyond(next, view)
      }
    }
    return true
  }

  /** A greater view of this part of the space: this node asks in, and so do its neighbours as soon as they know of it. */
  function askAcross(next: ViewProof, theirs: View): void {
    if (!across.isNews(theirs)) return
    entry.askIn(next, view?.epoch ?? 0)
    tellMembers(['view', encodeProof(next)])
  }

  /** Views of parts of this one's space to which this node does not belong. */
  function onBeyond(next: ViewProof, now: View): void {
    const others = across.within(next, now)
    if (others.length === 0) return
    tellMembers(['view', encodeProof(next)])
    for (const { id } of now.members)
      if (others.some((other) => hasMember(other, id))) send(id, 'ping', 0, now.epoch, tag)
    look()
  }

  function onMerge(offered: ViewProof, isFirst: boolean): void {
    const theirs = offered.views.find((one) => view !== undefined && mayMerge(one, view))
    if (theirs === undefined || !isProved(offered, network, signing) || !theirs.members.every(admits)) return
    const isNew = merge === undefined
    merge = theirs
    if (isFirst && isNew) tellMembers(['merge', encodeProof(offered), false])
    look()
  }

  function askMerge(): void {
    const isSmall = view !== undefined && view.prefix !== '' && view.members.length <= mergeAt
    smallTicks = isSmall ? smallTicks + 1 : 0
    if (smallTicks < 6 || smallTicks % 6 !== 0 || view === undefined || proof === undefined) return
    const beside = flipped(card.place, view.prefix.length - 1)
    for (const id of options.contacts(beside, 2)) send(id, 'merge', encodeProof(proof), true)
  }

  return {
    probes,
    accusations,
    view: () => view,
    proof: () => proof,
    found: () => adopt(foundingProof(network, card, signing)),
    tick() {
      if (view === undefined) return
      probes.tick()
      accusations.tick()
      needTicks = look() ? needTicks + 1 : 0
      const lost = left()
      const waitTicks = lost.every(isMoved) ? movedTicks : settings.recoverTicks
      if (needTicks > waitTicks && lost.length > 0) recovery.attempt(needTicks)
      askMerge()
      const ghost = pick(ghosts, 1, world.random)[0]
      if (ghost !== undefined && needTicks === 0) send(ghost, 'ping', 0, view.epoch, tag)
    },
    receive(from, kind, body) {
      if (probes.receive(from, kind, body) || accusations.receive(from, kind, body)) return true
      if (recovery.receive(from, kind, body)) return true
      if (kind === 'view?') {
        if (proof !== undefined) send(from, 'view', encodeProof(proof))
      } else if (kind === 'view') learn(readProof(body[0], readCard), from)
      else if (kind === 'join') {
        if (entry.onJoin(body)) look()
      } else if (kind === 'merge') onMerge(readProof(body[0], readCard), body[1] === true)
      else if (kind === 'agree') {
        const isMineToo =
          view?.prefix === readText(body[0], 'a prefix') && view.epoch + 1 === readInt(body[1], 'an epoch')
        if (isMineToo) ensureAgreement()?.receive(from, readArray(body[2], 'a part', { max: 8 }))
      } else return false
      return true
    },
    learn,
    stop() {
      agreement?.end()
      stopBatch?.()
    },
  }
}

function isIdle({ joins, leaves, merge, cut }: Change): boolean {
  return joins.length === 0 && leaves.size === 0 && merge === undefined && cut === undefined
}
