import type { World } from '@anarq/qnet'

export type GateLimits = {
  /** At once: of one address, and of all. */
  readonly linksPerAddressMax: number
  readonly linksMax: number
  /** Links that have proved nothing yet. */
  readonly handshakesMax: number
  /** New ones of one address: so many at once, and then so many a second. */
  readonly burstPerAddress: number
  readonly perSecondPerAddress: number
}

export const gateLimitsDefault: GateLimits = {
  linksPerAddressMax: 64,
  linksMax: 100_000,
  handshakesMax: 2000,
  burstPerAddress: 32,
  perSecondPerAddress: 4,
}

type Account = { links: number; tokens: number; filledMs: number }

export type AddressGate = {
  /** Whether one more may come in from here; if so it counts until `release`. */
  admit(address: string): boolean
  /** It has proved who it is. */
  proved(): void
  release(address: string, hasProved: boolean): void
}

/** Who may knock, and how often: what a handshake costs is given to no address without measure. */
export function createAddressGate(world: World, limits: GateLimits): AddressGate {
  const accounts = new Map<string, Account>()
  let links = 0
  let handshakes = 0

  const accountOf = (group: string): Account => {
    const nowMs = world.clock.nowMs()
    const account = accounts.get(group) ?? { links: 0, tokens: limits.burstPerAddress, filledMs: nowMs }
    accounts.set(group, account)
    // A clock that was set back gives nothing, and starts to count anew.
    const passedMs = Math.max(0, nowMs - account.filledMs)
    account.filledMs = nowMs
    account.tokens = Math.min(
      limits.burstPerAddress,
      account.tokens + (passedMs / 1000) * limits.perSecondPerAddress,
    )
    return account
  }

  return {
    admit(address) {
      if (links >= limits.linksMax || handshakes >= limits.handshakesMax) return false
      if (accounts.size > 2 * limits.linksMax) forgetFull(accounts, limits, world.clock.nowMs())
      const account = accountOf(groupOf(address))
      if (account.links >= limits.linksPerAddressMax || account.tokens < 1) return false
      account.tokens -= 1
      account.links += 1
      links += 1
      handshakes += 1
      return true
    },
    proved() {
      handshakes -= 1
    },
    release(address, hasProved) {
      links -= 1
      if (!hasProved) handshakes -= 1
      const account = accounts.get(groupOf(address))
      if (account !== undefined) account.links -= 1
    },
  }
}

/** Accounts that have nothing open and are full again say nothing that a new one would not. */
function forgetFull(accounts: Map<string, Account>, limits: GateLimits, nowMs: number): void {
  const refillMs = (limits.burstPerAddress / limits.perSecondPerAddress) * 1000
  for (const [group, { links, filledMs }] of accounts)
    if (links === 0 && Math.abs(nowMs - filledMs) > refillMs) accounts.delete(group)
}

/** An IPv4 address stands for itself, an IPv6 address for its /56, which is what one household has. */
export function groupOf(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = (address.split('%')[0] as string).split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0')
  const words = [...before, ...(tail === undefined ? [] : zeros), ...after].map((word) =>
    Number.parseInt(word, 16),
  )
  const [a = 0, b = 0, c = 0, d = 0] = words
  return `${[a, b, c, d & 0xff00].map((word) => word.toString(16)).join(':')}::/56`
}
