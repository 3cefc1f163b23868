import { equalBytes } from '@anarq/bytes'
import { encodeCbor, readArray, readBytes, readInt, readText } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { type Accusations, createAccusations } from './accusations.ts'
import { type Agreement, createAgreement } from './agreement.ts'
import { type Card, encodeCard } from './card.ts'
import { type Certificate, statement } from './certificate.ts'
import { pick } from './chance.ts'
import type { MembershipSettings } from './membership-settings.ts'
import { doOverlap, flipped, isUnder, type Place } from './place.ts'
import { labelled, type Signing, signatureBytesMax } from './ports.ts'
import { createProbes, type Probes } from './probes.ts'
import { createRecovery } from './recovery.ts'
import {
  type Change,
  decodeViews,
  encodeProof,
  encodeViews,
  hashOfView,
  hasMember,
  isGreater,
  isNextOf,
  isProved,
  mayMerge,
  mergeAt,
  nextViews,
  readProof,
  recoverySubject,
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

const joinsMax = 64
const ghostsMax = 16
const strayMax = 12

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
  const joins = new Map<NodeId, Card>()
  const ghosts: NodeId[] = []
  /** Members that answer, but again and again out of another view: they live, and live elsewhere. */
  const strays = new Map<NodeId, number>()
  const isLeft = (id: NodeId): boolean => probes.isGone(id) || (strays.get(id) ?? 0) >= strayMax
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
    const isReady = merge !== undefined && view !== undefined && mayMerge(merge, view)
    return { joins: [...joins.values()], leaves, merge: isReady ? merge : undefined }
  }

  /** Whether there is anything to agree on; if so, it begins. */
  function look(): boolean {
    if (view === undefined) return false
    for (const [id, asker] of joins) {
      const isGone = hasMember(view, id) || accusations.isOut(id) || !isUnder(asker.place, view.prefix)
      if (isGone) joins.delete(id)
    }
    const { joins: come, leaves, merge: incoming } = change()
    if (come.length === 0 && leaves.size === 0 && incoming === undefined) return false
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
      subject: viewSubject(network, of.prefix, hashOfView(of), of.epoch + 1),
      electorate: of.members,
      self,
      world,
      signing,
      send: (to, part) => send(to, 'agree', of.prefix, of.epoch + 1, part),
      propose() {
        const next = change()
        const isIdle = next.joins.length === 0 && next.leaves.size === 0 && next.merge === undefined
        const views = isIdle ? [] : nextViews(of, next)
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
      joins.has(id) || (incoming !== undefined && hasMember(incoming, id))
    const isClean = come.every((one) => isAwaited(one) && admits(one) && !accusations.isOut(one.id))
    const isIdle = come.length === 0 && leaves.size === 0 && !isMerge
    return (
      isClean &&
      !isIdle &&
      equalBytes(encodeViews(nextViews(of, { joins: come, leaves, merge: incoming })), value)
    )
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
    for (const id of joins.keys()) if (hasMember(mine, id)) joins.delete(id)
    options.changed(mine, before, next.views)
    look()
  }

  function leave(to: ViewProof): void {
    view = undefined
    proof = undefined
    tag = new Uint8Array(8)
    agreement?.end()
    agreement = undefined
    askIn(to)
    options.homeless()
  }

  function askIn(to: ViewProof): void {
    const ask = viewFor(to.views, card.place)?.members ?? []
    for (const { id } of pick(ask, 3, world.random))
      if (id !== self) send(id, 'join', encodeCard(card), signing.sign(joinOf(network, card)), true)
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
    if (theirs === undefined) return true
    const isSuccessor = view !== undefined && next.kind === 'agreed' && isNextOf(next, view)
    const isIn = hasMember(theirs, self)
    if (view === undefined) {
      if (isIn) adopt(next)
      else askIn(next)
    } else if (isSuccessor || (isIn && theirs.epoch > view.epoch)) adopt(next)
    else if (doOverlap(theirs.prefix, view.prefix) && theirs.epoch !== view.epoch - 1) {
      if (isGreater(theirs, view)) {
        if (isIn) adopt(next)
        else leave(next)
      } else if (from !== undefined && proof !== undefined && !equalBytes(tagOf(theirs), tag))
        send(from, 'view', encodeProof(proof))
    }
    return true
  }

  function onJoin(asker: Card, signature: Uint8Array, isFirst: boolean): void {
    if (view === undefined || !isUnder(asker.place, view.prefix) || !admits(asker)) return
    if (hasMember(view, asker.id)) {
      if (proof !== undefined) send(asker.id, 'view', encodeProof(proof))
      return
    }
    if (accusations.isOut(asker.id) || joins.size >= joinsMax) return
    // Only who holds the key comes in: a card alone can be had by anybody.
    const isNew = !joins.has(asker.id)
    if (isNew && !signing.verify(asker.publicKey, joinOf(network, asker), signature)) return
    joins.set(asker.id, asker)
    if (isFirst && isNew) tellMembers(['join', encodeCard(asker), signature, false])
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
    found() {
      const alone: View = { prefix: '', epoch: 1, members: [{ ...card, seat: 0 }] }
      const value = encodeViews([alone])
      const hash = hashBlake3(value)
      const signature = signing.sign(statement(recoverySubject(network, '', 1), 'commit', 0, hash))
      const certificate: Certificate = { phase: 'commit', round: 0, hash, votes: [[0, signature]] }
      adopt({
        kind: 'recovered',
        from: '',
        previous: hashOfView(alone),
        value,
        views: [alone],
        certificate,
        electorate: [card],
      })
    },
    tick() {
      if (view === undefined) return
      probes.tick()
      accusations.tick()
      needTicks = look() ? needTicks + 1 : 0
      if (needTicks > settings.recoverTicks && left().length > 0) recovery.attempt(needTicks)
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
      else if (kind === 'join')
        onJoin(
          readCard(body[0]),
          readBytes(body[1], 'a signature', { max: signatureBytesMax }),
          body[2] === true,
        )
      else if (kind === 'merge') onMerge(readProof(body[0], readCard), body[1] === true)
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

/** Whoever can sign this holds the key of the card. */
function joinOf(network: string, { publicKey, period }: Card): Uint8Array {
  return labelled('join', encodeCbor([network, publicKey, period]))
}
