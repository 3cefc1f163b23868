import { toBase32 } from '@anarq/bytes'
import {
  type Chain,
  electorsOf,
  lastOf,
  numberOf,
  numberOfVersion,
  referenceOf,
  type Version,
} from '@anarq/qnet/registers'
import { quorumOf } from '@anarq/qnet/swarm'
import type { RegisterFacts, RegisterVersionFacts } from '@anarq/sdk'
import { type RegisterOwner, textOf } from './register-owner.ts'

/** A register as people see it; `owner` opens what is sealed for its owner. */
export function factsOfRegister(
  chain: Chain,
  owner: Pick<RegisterOwner, 'key' | 'open'> | undefined,
): RegisterFacts {
  const { descriptor } = chain
  const isOwn = owner !== undefined && keyText(owner.key.publicKey) === keyText(descriptor.owner)
  const electors = electorsOf(chain)
  const name = nameOfRegister(chain, owner)
  return {
    reference: referenceOf(chain),
    class: descriptor.class,
    ...(name === undefined ? {} : { name }),
    owner: keyText(descriptor.owner),
    writers: descriptor.writers.map(keyText),
    isOwn,
    electors: electors.map(({ id }) => id),
    quorum: electors.length === 0 ? 0 : quorumOf(electors.length),
    steps: numberOf(chain),
    versions: chain.versions.map((version) => factsOfVersion(chain, version, owner)).reverse(),
  }
}

export function nameOfRegister(
  chain: Chain,
  owner: Pick<RegisterOwner, 'open'> | undefined,
): string | undefined {
  if (chain.descriptor.class !== 'private') return textOf(chain.descriptor.name)
  const last = lastOf(chain)
  return last === undefined ? undefined : owner?.open(last.entry.value)?.name
}

function factsOfVersion(
  chain: Chain,
  { entry, certificate }: Version,
  owner: Pick<RegisterOwner, 'open'> | undefined,
): RegisterVersionFacts {
  const number = numberOfVersion(chain, entry.version)
  const before = chain.links.findLast((link) => link.number < number)
  const electors = before?.electors ?? chain.founders
  const value = chain.descriptor.class === 'private' ? owner?.open(entry.value)?.value : textOf(entry.value)
  return {
    version: entry.version,
    atMs: entry.atMs,
    writer: keyText(entry.writer),
    ...(value === undefined ? {} : { value }),
    signers: (certificate?.votes ?? []).flatMap(([index]) => electors[index]?.id ?? []),
    of: electors.length,
  }
}

/** A key as people pass it on: 52 letters and digits. */
export function keyText(key: Uint8Array): string {
  return toBase32(key)
}
