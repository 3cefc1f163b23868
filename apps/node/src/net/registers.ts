import { fromBase32 } from '@anarq/bytes'
import { Fault, type Outcome, unwrap } from '@anarq/fault'
import type { Kernel } from '@anarq/kernel'
import type { NodeId } from '@anarq/qnet'
import type { Discovery } from '@anarq/qnet/discovery'
import {
  type Chain,
  createRegisters,
  createStateCommittees,
  numberOf,
  parseReference,
  type RegisterPlace,
  type Registers,
  type RegistersSettings,
} from '@anarq/qnet/registers'
import { isUnder, type Swarm, signingOf, viewFor } from '@anarq/qnet/swarm'
import type { RegisterChange, RegisterClassName, RegisterOperations } from '@anarq/sdk'
import type { Ground } from './ground.ts'
import { factsOfRegister, keyText, nameOfRegister } from './register-facts.ts'
import { createRegisterOwner, type RegisterOwner } from './register-owner.ts'
import { writeRegisterProof } from './register-proof.ts'
import { openRegisterStore } from './register-store.ts'
import { roomBytes } from './rooms.ts'

export type RegisterSettings = Partial<RegistersSettings>

export type RegistersRoomOptions = {
  readonly ground: Ground
  readonly swarm: () => Swarm | undefined
  readonly discovery: Discovery
  readonly kernel: Pick<Kernel, 'registerSecret'>
  readonly folder: string
  readonly settings?: RegisterSettings | undefined
  onFault(fault: Fault): void
}

export type RegistersRoom = { readonly operations: RegisterOperations; close(): Promise<void> }

const blamesMax = 64

/** This node's part in registers: others' on its disk, its identity's own among them. */
export async function openRegisters(options: RegistersRoomOptions): Promise<RegistersRoom> {
  const { ground, swarm, discovery, kernel, folder, settings = {}, onFault } = options
  const { keys, world, links, rooms } = ground
  const stored = await openRegisterStore({ folder, onFault })
  const owners = new Map<string, RegisterOwner>()
  const blames = new Map<NodeId, number>()
  const known = (): NodeId[] => discovery.nodes().map(({ record }) => record.id)
  const registers: Registers = createRegisters({
    self: keys.id,
    world,
    wire: rooms.open(roomBytes.registers, (from, message) => registers.receive(from, message)),
    signing: signingOf(keys.signing),
    store: stored.store,
    place: placeOf(swarm, known),
    committees: createStateCommittees({
      state: () => discovery.state,
      keyOf: (id) => discovery.nodes().find(({ record }) => record.id === id)?.record.publicKey,
    }),
    others: { ids: known },
    isOwner: (key) => owners.has(key.toHex()),
    blame(peer) {
      const count = (blames.get(peer) ?? 0) + 1
      blames.set(peer, count)
      if (count >= blamesMax) {
        blames.delete(peer)
        links.disconnect(peer, 'protocol')
      }
    },
    onFault,
    settings,
  })
  registers.start()

  /** Of the identity in use. */
  async function ownerNow(): Promise<RegisterOwner> {
    const made = createRegisterOwner(await kernel.registerSecret(), world.random)
    const name = made.key.publicKey.toHex()
    const before = owners.get(name)
    if (before === undefined) owners.set(name, made)
    else made.dispose()
    return before ?? made
  }
  return {
    operations: operationsOf({ registers, ownerNow, swarm, discovery }),
    async close() {
      registers.stop()
      await stored.close()
      for (const owner of owners.values()) owner.dispose()
    },
  }
}

function placeOf(swarm: () => Swarm | undefined, known: () => readonly NodeId[]): RegisterPlace {
  const view = () => swarm()?.view()
  return {
    own: () => swarm()?.place,
    at(home) {
      const here = view()
      return here !== undefined && isUnder(home, here.prefix) ? here.members : undefined
    },
    isMember: (id) => view()?.members.some((member) => member.id === id) ?? false,
    find(home, then) {
      const there = swarm()
      if (there === undefined) then([])
      else
        there.contacts.find(home, known(), (proof) =>
          then(
            (proof === undefined ? undefined : viewFor(proof.views, home))?.members.map(({ id }) => id) ?? [],
          ),
        )
    },
  }
}

type Parts = {
  readonly registers: Registers
  readonly swarm: () => Swarm | undefined
  readonly discovery: Discovery
  ownerNow(): Promise<RegisterOwner>
}

function operationsOf({ registers, ownerNow, swarm, discovery }: Parts): RegisterOperations {
  const asked = <T>(begin: (then: (outcome: Outcome<T>) => void) => void): Promise<T> =>
    new Promise<Outcome<T>>((resolve) => begin(resolve)).then(unwrap)

  const ownNamed = (owner: RegisterOwner, name: string, of?: RegisterClassName): readonly Chain[] =>
    [...registers.all()]
      .filter((chain) => isBy(chain, owner) && (of === undefined || chain.descriptor.class === of))
      .filter((chain) => numberOf(chain) > 0 && nameOfRegister(chain, owner) === name)

  /** `undefined` where there is none of that name. */
  function oneNamed(owner: RegisterOwner, ref: string, of?: RegisterClassName): Chain | undefined {
    const named = ownNamed(owner, ref, of)
    if (new Set(named.map(({ descriptor }) => descriptor.class)).size > 1)
      throw new Fault(
        'invalid.register-name',
        'There are several registers of that name: say which class, or give the reference.',
      )
    return named.toSorted((a, b) => numberOf(b) - numberOf(a))[0]
  }

  async function newest(owner: RegisterOwner, ref: string): Promise<Chain> {
    if (isReference(ref)) return asked((then) => registers.read(parseReference(ref), then))
    const named = oneNamed(owner, ref)
    if (named === undefined)
      throw new Fault(
        'missing.register',
        `There is no register "${ref}" of this identity here. Look with: anarq net register list`,
      )
    const { id, descriptor } = named
    return asked((then) => registers.read({ id, class: descriptor.class, home: descriptor.home }, then))
  }

  async function set(
    owner: RegisterOwner,
    { ref, value, class: of, writers = [] }: RegisterChange,
  ): Promise<Chain> {
    const before = isReference(ref) ? await newest(owner, ref) : oneNamed(owner, ref, of)
    const { key } = owner
    if (before !== undefined) {
      const name = nameOfRegister(before, owner) ?? ''
      const sealed = owner.seal(before.descriptor.class, name, value)
      return asked((then) => registers.change({ id: before.id, value: sealed, key }, then))
    }
    const chosen = of ?? 'private'
    return asked((then) =>
      registers.create(
        {
          class: chosen,
          name: owner.nameOf(chosen, ref),
          value: owner.seal(chosen, ref, value),
          writers: writers.map(readKey),
          key,
        },
        then,
      ),
    )
  }

  return {
    async registers() {
      const owner = await ownerNow()
      const own = [...registers.all()].filter((chain) => isWriter(chain, owner) && numberOf(chain) > 0)
      return {
        key: keyText(owner.key.publicKey),
        registers: own.map((chain) => factsOfRegister(chain, owner)),
      }
    },
    async register(ref) {
      const owner = await ownerNow()
      return factsOfRegister(await newest(owner, ref), owner)
    },
    async setRegister(change) {
      const owner = await ownerNow()
      return factsOfRegister(await set(owner, change), owner)
    },
    async proveRegister(ref) {
      const chain = await newest(await ownerNow(), ref)
      const { class: of, home } = chain.descriptor
      const proof = swarm()?.membership.proof()
      const isHere = proof !== undefined && viewFor(proof.views, home) !== undefined
      return writeRegisterProof(chain, {
        view: of === 'protected' && isHere ? proof : undefined,
        state: of === 'public' ? discovery.state?.bytes : undefined,
      })
    },
  }
}

function isReference(ref: string): boolean {
  return ref.startsWith('anarq-register:')
}

function isBy({ descriptor }: Chain, { key }: RegisterOwner): boolean {
  return keyText(descriptor.owner) === keyText(key.publicKey)
}

function isWriter(chain: Chain, owner: RegisterOwner): boolean {
  const key = keyText(owner.key.publicKey)
  return isBy(chain, owner) || chain.descriptor.writers.some((writer) => keyText(writer) === key)
}

/** `invalid.register-writers`. */
function readKey(text: string): Uint8Array {
  try {
    const key = fromBase32(text.trim())
    if (key.length === 32) return key
  } catch {
    // Said below.
  }
  throw new Fault(
    'invalid.register-writers',
    'That is no key of a writer: their node shows it at the end of anarq net register list.',
  )
}
