import type { NodeId } from '@anarq/qnet'
import { createMeetingKey, meetingSubjectOf, nameOf, signMeeting } from '@anarq/qnet/branch'
import type { Discovery } from '@anarq/qnet/discovery'
import type { Ground } from '../ground.ts'
import type { Standing } from './standing.ts'

/** Where a branch is met in the network at large: said again and again by its members, and asked for by those who lost the others. */
export type MeetingPoint = { publish(): void; seek(): void; end(): void }

export type MeetingPointOptions = {
  readonly ground: Pick<Ground, 'addresses' | 'keys' | 'links' | 'world'>
  readonly discovery: Pick<Discovery, 'find' | 'publish' | 'resolve'>
  readonly standing: Standing
  tell(peer: NodeId): void
}

const publishMs = 10 * 60_000
const meetingLifeMs = 2 * 3_600_000
const gatewaysMax = 8

export function createMeetingPoint({ ground, discovery, standing, tell }: MeetingPointOptions): MeetingPoint {
  const { addresses, keys, links, world } = ground
  const { held, branch, members, isMember } = standing
  const nowMs = (): number => world.clock.nowMs()
  let isClosed = false
  /** Where others of the branch are is asked of the network at large: for members who lost each other. */
  const seek = (): void =>
    discovery.resolve(meetingSubjectOf(branch().id), (signed) => {
      for (const node of signed?.pointer.nodes ?? [])
        if (!isClosed && isMember(node)) discovery.find(node, () => tell(node))
    })
  const publish = (): void => {
    if (isClosed) return
    const [first] = branch().charters
    const { meetingSecret } = held()
    if (meetingSecret !== undefined && addresses.length > 0 && first !== undefined) {
      const linked = members().filter((node) => links.peer(node) !== undefined)
      const key = createMeetingKey(meetingSecret)
      discovery.publish(
        signMeeting(
          { branch: branch().id, firstName: nameOf(first), key },
          {
            nodes: [keys.id, ...linked].slice(0, gatewaysMax),
            sequence: Math.floor(nowMs() / 1000),
            expiresMs: nowMs() + meetingLifeMs,
          },
        ),
      )
      key.dispose()
    }
    world.after(publishMs, publish)
  }
  return {
    publish,
    seek,
    end() {
      isClosed = true
    },
  }
}
