/** Homes of one family in memory, under one clock: a mother, a father as the second guardian, and a child. */
import assert from 'node:assert/strict'
import { createCedar } from '@anarq/cedar'
import { createManualClock, type ManualClock } from '@anarq/clock/testing'
import type { Fault } from '@anarq/fault'
import {
  type ChildFiles,
  createKernel,
  type IdentityFacts,
  type Kernel,
  type KernelPorts,
  type NewChild,
  type Operations,
} from '@anarq/kernel'
import { createMemoryPorts } from '@anarq/kernel/testing'
import { createSeededRandom } from '@anarq/random/testing'
import { passphrase, someDay } from './world.ts'

export const dayMs = 86_400_000
/** Twelve years and some days before `someDay`. */
export const birthMs: number = Date.UTC(2015, 1, 10)
export const majorityMs: number = Date.UTC(2033, 1, 10)

export type FamilyHome = {
  readonly ports: KernelPorts
  readonly kernel: Kernel
  readonly operations: Operations
  readonly faults: Fault[]
}

export type Family = {
  readonly clock: ManualClock
  readonly mother: PersonHome
  readonly child: FamilyHome
  readonly made: IdentityFacts & ChildFiles
  /** What the child's device gave to the mother. */
  readonly device: string
  readonly did: string
}

/** An empty home; `ports` to go on with what another one had. */
export async function emptyHome(
  clock: ManualClock,
  seed: number,
  ports: Partial<KernelPorts> = {},
): Promise<FamilyHome> {
  const faults: Fault[] = []
  const random = createSeededRandom(seed)
  const onFault = (fault: Fault): void => void faults.push(fault)
  const all = { ...createMemoryPorts({ clock, random, createPolicies: createCedar, onFault }), ...ports }
  const kernel = await createKernel({ ports: all, version: '0.0.0' })
  return { ports: all, kernel, operations: kernel.operations, faults }
}

/** The same home after a restart, unlocked. */
export async function reopened(home: FamilyHome): Promise<FamilyHome> {
  await home.kernel.close()
  const kernel = await createKernel({ ports: home.ports, version: '0.0.0' })
  await kernel.operations.account.unlock({ passphrase })
  return { ...home, kernel, operations: kernel.operations }
}

export type PersonHome = FamilyHome & { readonly words: string }

export async function person(clock: ManualClock, seed: number, name: string): Promise<PersonHome> {
  const home = await emptyHome(clock, seed)
  const { words } = await home.operations.account.init({ name, passphrase })
  return { ...home, words }
}

/** A device that was enrolled, and the text that it gave. */
export async function enrolled(
  clock: ManualClock,
  seed: number,
  ports: Partial<KernelPorts> = {},
): Promise<{ home: FamilyHome; device: string }> {
  const home = await emptyHome(clock, seed, ports)
  const { device } = await home.operations.account.enrol({ name: 'Ada', passphrase })
  return { home, device }
}

/** A mother and a child whose device has joined. */
export async function family(seed: number, more: Partial<NewChild> = {}): Promise<Family> {
  const clock = createManualClock(someDay)
  const mother = await person(clock, seed, 'Eve')
  const { home: child, device } = await enrolled(clock, seed + 1)
  const made = await mother.operations.identities.createChild({ name: 'Ada', birthMs, device, ...more })
  const joined = await child.operations.account.join({ file: made.invitation })
  assert.equal(joined.did, made.did)
  return { clock, mother, child, made, device, did: made.did }
}

/** The mother renews, and the child's device takes it in. */
export async function renewed(
  { mother, child, did }: Family,
  options?: Parameters<Operations['identities']['renew']>[1],
): Promise<IdentityFacts> {
  const { delegation } = await mother.operations.identities.renew(did, options)
  return child.operations.account.join({ file: delegation })
}
