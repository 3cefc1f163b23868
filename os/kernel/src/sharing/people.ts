import type { PersonFacts } from '../operations.ts'
import type { KernelPorts } from '../ports.ts'
import type { GrantBook } from './grant-book.ts'

/** Asked at once, and each for so long. */
const atOnceMax = 8
const patienceMs = 5000
const peopleMax = 256
const namedMax = 20

type Known = { given: string[]; received: string[]; where: Set<string> }

/** With whom this identity shares, and whether their nodes answer now: the places are those that their ping files named. */
export async function listPeople(
  book: GrantBook,
  { peers }: Pick<KernelPorts, 'peers'>,
  own: ReadonlySet<string>,
): Promise<readonly PersonFacts[]> {
  const known = new Map<string, Known>()
  for (const { direction, delegation, name, where = [] } of book.list()) {
    const did = direction === 'in' ? delegation.iss : delegation.aud
    if (own.has(did) || (!known.has(did) && known.size >= peopleMax)) continue
    const one = known.get(did) ?? { given: [], received: [], where: new Set() }
    known.set(did, one)
    const names = direction === 'in' ? one.received : one.given
    if (names.length < namedMax && !names.includes(name)) names.push(name)
    for (const place of where) one.where.add(place)
  }
  const people: PersonFacts[] = []
  const waiting = [...known]
  const next = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const [did, { given, received, where }] = one
      people.push({ did, given, received, ...(await presenceOf(peers, [...where])) })
    }
  }
  await Promise.all(Array.from({ length: atOnceMax }, next))
  const rank = { here: 0, away: 1, unknown: 2 }
  return people.sort((a, b) => rank[a.presence] - rank[b.presence] || (a.did < b.did ? -1 : 1))
}

async function presenceOf(
  peers: KernelPorts['peers'],
  where: readonly string[],
): Promise<Pick<PersonFacts, 'latencyMs' | 'presence'>> {
  if (peers === undefined || where.length === 0) return { presence: 'unknown' }
  const latencyMs = await peers.greet(where, AbortSignal.timeout(patienceMs)).catch(() => undefined)
  return latencyMs === undefined ? { presence: 'away' } : { presence: 'here', latencyMs }
}
