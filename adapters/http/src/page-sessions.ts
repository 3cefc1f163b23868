import { randomInt, randomUUID } from 'node:crypto'
import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import type { AccountOperations, SessionFacts } from '@anarq/kernel'

/** A browser that acts for the identity in use: it holds the key, the identity certified it. */
export type PageSession = {
  readonly id: string
  readonly browser: string
  readonly sinceMs: number
  readonly untilMs: number
  readonly isCurrent: boolean
}

/** A browser that asks to be let in by one that is in already; both show the same six digits. */
export type PageAsk = {
  readonly id: string
  readonly browser: string
  readonly digits: string
  readonly askedMs: number
}

export type PageAnswer =
  | { readonly state: 'waiting' }
  | { readonly state: 'refused' }
  | { readonly state: 'approved'; readonly session: SessionFacts }

export type PageSessions = {
  issue(input: { key: string; browser: string }): Promise<SessionFacts>
  /** Another certificate for a session that is going on: the identity in use may be another now. */
  renew(keyid: string): Promise<SessionFacts>
  isEnded(keyid: string): boolean
  list(keyid: string | undefined): readonly PageSession[]
  end(id: string): void
  endOwn(keyid: string | undefined): void
  endAll(): void
  ask(input: { key: string; browser: string }): PageAsk
  asks(): readonly PageAsk[]
  /** `missing.ask` where nobody asked, or too long ago. */
  answer(id: string, isApproved: boolean): Promise<void>
  answerOf(id: string): PageAnswer
}

const sessionMs = 12 * 3_600_000
const askMs = 5 * 60_000
const asksMax = 8
const sessionsMax = 256

type Issued = { id: string; key: string; browser: string; sinceMs: number; untilMs: number; keyids: string[] }
type Asked = PageAsk & { readonly key: string; answer: PageAnswer }

/** The sessions of browsers, in memory: a restart locks the node, and each browser unlocks it again. */
export function createPageSessions({
  account,
  clock,
  onChanged = () => {},
}: {
  account: Pick<AccountOperations, 'certify'>
  clock: Clock
  /** Another browser asks, is in, or is out. */
  onChanged?: () => void
}): PageSessions {
  const issued = new Map<string, Issued>()
  /** By key id, until when it would have held. */
  const ended = new Map<string, number>()

  const certify = async (one: Issued): Promise<SessionFacts> => {
    const session = await account.certify({ key: one.key, ttlMs: sessionMs })
    one.untilMs = session.expiresMs
    if (!one.keyids.includes(session.keyid)) one.keyids.push(session.keyid)
    return session
  }
  const dropOld = (): void => {
    const nowMs = clock.nowMs()
    for (const [id, { untilMs }] of issued) if (untilMs <= nowMs) issued.delete(id)
    for (const [keyid, untilMs] of ended) if (untilMs <= nowMs) ended.delete(keyid)
  }
  const byKeyid = (keyid: string | undefined): Issued | undefined =>
    [...issued.values()].find(({ keyids }) => keyid !== undefined && keyids.includes(keyid))
  const end = (one: Issued | undefined): void => {
    if (one === undefined) return
    issued.delete(one.id)
    for (const keyid of one.keyids) ended.set(keyid, one.untilMs)
    onChanged()
  }
  const issue: PageSessions['issue'] = async ({ key, browser }) => {
    dropOld()
    if (issued.size >= sessionsMax)
      throw new Fault('limit.sessions', 'Too many browsers are in. End some of them in the settings first.')
    const nowMs = clock.nowMs()
    const one: Issued = { id: randomUUID(), key, browser, sinceMs: nowMs, untilMs: nowMs, keyids: [] }
    const session = await certify(one)
    // The same page, which proved anew who it is: what was ended before, under the same key, begins again.
    for (const keyid of one.keyids) ended.delete(keyid)
    issued.set(one.id, one)
    onChanged()
    return session
  }

  const { clear: clearAsks, ...asking } = createAsking(clock, issue, onChanged)

  return {
    issue,
    async renew(keyid) {
      const one = byKeyid(keyid)
      if (one === undefined)
        throw new Fault('refused.session', 'This session was not begun here. Unlock again to begin another.')
      return certify(one)
    },
    isEnded: (keyid) => ended.has(keyid),
    list(keyid) {
      dropOld()
      return [...issued.values()].map(({ id, browser, sinceMs, untilMs, keyids }) => {
        return { id, browser, sinceMs, untilMs, isCurrent: keyid !== undefined && keyids.includes(keyid) }
      })
    },
    end(id) {
      const one = issued.get(id)
      if (one === undefined) throw new Fault('missing.session', 'There is no such browser session any more.')
      end(one)
    },
    endOwn: (keyid) => end(byKeyid(keyid)),
    endAll() {
      for (const one of [...issued.values()]) end(one)
      clearAsks()
    },
    ...asking,
  }
}

type Asking = Pick<PageSessions, 'ask' | 'asks' | 'answer' | 'answerOf'>

function createAsking(
  clock: Clock,
  issue: PageSessions['issue'],
  onChanged: () => void,
): Asking & { clear(): void } {
  const asked = new Map<string, Asked>()
  const dropOld = (): void => {
    for (const [id, { askedMs }] of asked) if (askedMs + askMs <= clock.nowMs()) asked.delete(id)
  }
  const askOf = (id: string): Asked => {
    dropOld()
    const one = asked.get(id)
    if (one !== undefined) return one
    throw new Fault('missing.ask', 'Nobody asks for this any more. Ask again in the other browser.')
  }
  return {
    clear: () => asked.clear(),
    ask({ key, browser }) {
      dropOld()
      if (asked.size >= asksMax)
        throw new Fault(
          'limit.rate',
          'Several browsers ask already. Answer them first, or wait five minutes.',
        )
      const digits = String(randomInt(1_000_000)).padStart(6, '0')
      const askedMs = clock.nowMs()
      const one: Asked = { id: randomUUID(), browser, digits, askedMs, key, answer: { state: 'waiting' } }
      asked.set(one.id, one)
      onChanged()
      return askFacts(one)
    },
    asks() {
      dropOld()
      return [...asked.values()].filter(({ answer }) => answer.state === 'waiting').map(askFacts)
    },
    async answer(id, isApproved) {
      const one = askOf(id)
      if (one.answer.state !== 'waiting')
        throw new Fault('conflict.ask', 'This was answered already. Ask again in the other browser.')
      one.answer = isApproved ? { state: 'approved', session: await issue(one) } : { state: 'refused' }
      onChanged()
    },
    answerOf(id) {
      const { answer } = askOf(id)
      if (answer.state !== 'waiting') asked.delete(id)
      return answer
    },
  }
}

function askFacts({ id, browser, digits, askedMs }: Asked): PageAsk {
  return { id, browser, digits, askedMs }
}
