import type { WorkBits } from './descriptor.ts'

/** All limits and times of the room. */
export type RegistersSettings = {
  /** Zeros that an id begins with: what a name costs. All of a network have the same; public ones ask for more as they fill up. */
  readonly workBits: WorkBits
  /** Of others, in all and in bytes. Nothing that was taken is put out for what comes later. */
  readonly registersMax: number
  readonly bytesMax: number
  /** That one member of the neighbourhood made this node keep. */
  readonly perMemberMax: number
  readonly publicMax: number
  readonly perOwnerMax: number
  /** Who keeps a copy of a private one beside the owner. */
  readonly copies: number
  readonly tickMs: number
  /** A proposal is told again, until it is decided or its writer gives up. */
  readonly offerMs: number
  readonly offerMsMax: number
  /** How far the time that a writer gives may be from what an elector's clock says. */
  readonly skewMs: number
  readonly roundMs: number
  readonly askTimeoutMs: number
  /** How many are told at once of a public step that is news here. */
  readonly fanout: number
}

export const registersDefaults: RegistersSettings = {
  workBits: { private: 12, protected: 16, public: 20 },
  registersMax: 4096,
  bytesMax: 64 * 1024 * 1024,
  perMemberMax: 256,
  publicMax: 1024,
  perOwnerMax: 16,
  copies: 5,
  tickMs: 5_000,
  offerMs: 3_000,
  offerMsMax: 60_000,
  skewMs: 10 * 60_000,
  roundMs: 3_000,
  askTimeoutMs: 3_000,
  fanout: 4,
}
