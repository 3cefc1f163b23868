import { createManualClock, type ManualClock } from '@anarq/clock/testing'
import { Fault } from '@anarq/fault'
import type { Kernel, KernelPorts, Operations } from '@anarq/kernel'
import { emptyHome } from './family.ts'
import { fileItem, itemsOf, passphrase, someDay } from './world.ts'

export type Asked = { readonly question: Uint8Array; readonly answer: Uint8Array }
export type Two = {
  readonly clock: ManualClock
  readonly alice: Operations
  readonly bob: Operations
  readonly aliceKernel: Kernel
  readonly aliceBlocks: KernelPorts['blocks']
  /** All that went over the wire from Bob to Alice. */
  readonly wire: Asked[]
  /** What Bob gets instead of Alice's answer. */
  /** Her node is to be had at another place from now on. */
  moveAlice(to: string): void
  change(by: (answer: Uint8Array, question: Uint8Array) => Uint8Array | Promise<Uint8Array>): void
}

/** Alice's node and Bob's, each alone in its memory; they know each other's cards. */
export async function createTwo(): Promise<Two> {
  const clock = createManualClock(someDay)
  const wire: Asked[] = []
  let place = 'alice’s node'
  let change: Parameters<Two['change']>[0] = (answer) => answer
  const alice = await emptyHome(clock, 1, {
    peers: {
      places: async () => [place],
      ask: () => Promise.reject(new Error('nobody')),
      greet: () => Promise.reject(new Error('nobody')),
    },
  })
  const bob = await emptyHome(clock, 2, {
    peers: {
      places: async () => [],
      async ask(places, question) {
        if (places[0] !== place) throw new Fault('unavailable.peer', 'Nobody is there.')
        const answer = await change(await alice.kernel.answer(question), question)
        wire.push({ question, answer })
        return answer
      },
      async greet(places) {
        if (places[0] !== place) throw new Fault('unavailable.peer', 'Nobody is there.')
        return 7
      },
    },
  })
  for (const [home, name] of [
    [alice, 'alice'],
    [bob, 'bob'],
  ] as const)
    await home.operations.account.init({ name, passphrase })
  await alice.operations.identities.learn((await bob.operations.identities.show('bob')).card)
  await bob.operations.identities.learn((await alice.operations.identities.show('alice')).card)
  return {
    clock,
    alice: alice.operations,
    bob: bob.operations,
    aliceKernel: alice.kernel,
    aliceBlocks: alice.ports.blocks,
    wire,
    moveAlice: (to) => {
      place = to
    },
    change: (by) => {
      change = by
    },
  }
}

export async function shared(
  { alice, bob }: Two,
  content: Uint8Array,
  terms: { uses?: number; purpose?: string; untilMs?: number } = {},
): ReturnType<Operations['sharing']['share']> {
  await alice.drive.put(itemsOf(fileItem('letter.bin', content)), { isThorough: true })
  const { did } = await bob.identities.show('bob')
  return alice.sharing.share('letter.bin', { with: did, ...terms })
}
