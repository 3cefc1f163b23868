import { toHex } from '@anarq/bytes'
import {
  type Authorised,
  type DecisionFacts,
  decide,
  type Freshness,
  requestAccess,
  type Signed,
  signRequested,
  verifySigned,
} from '@anarq/flows'
import type { Guardian } from '@anarq/qerberos'
import { verifyEd25519 } from '@anarq/qlock'
import type { AboutObject, AccessRequest, Command, Direction, Qonsent } from '@anarq/qonsent'
import type { OpenIdentity } from '@anarq/squid'
import type { Directory } from './directory.ts'

export type OwnRequest = {
  readonly action: Command
  /** The object's id (16 bytes); absent: the drive as a whole. */
  readonly object?: Uint8Array | undefined
  readonly direction?: Direction
  readonly about?: AboutObject | undefined
  readonly recipient?: string
}

/** Who may what, for one identity's things: every operation passes here before the index is asked. */
export type Authority = {
  /** The owner's own act: signed, verified and decided like anybody's. */
  own(request: OwnRequest): Promise<Authorised>
  /** Somebody else's request, as they signed it. */
  asked(signed: Signed, facts: DecisionFacts): Promise<Authorised>
}

/** Who asks where nobody says more: the drive itself, by the name that guardians of children and rules know it by. */
export const driveModule = 'qdrive'

/** The drive as a whole, where no object is named. */
const wholeDrive = '00'.repeat(16)

export function createAuthority({
  identity,
  guardian,
  qonsent,
  directory,
  module,
}: {
  identity: OpenIdentity
  guardian: Guardian
  qonsent: Qonsent
  directory: Directory
  /** The app or the part of the system that acts for the owner: it stands in every decision and its receipt. */
  module: string
}): Authority {
  const asked = async (signed: Signed, facts: DecisionFacts): Promise<Authorised> => {
    const verified = verifySigned(signed, (did, message, signature, context) => {
      const known = directory.find(did)
      return known !== undefined && verifyEd25519(known.verifyKey, message, signature, context)
    })
    return decide(verified, qonsent, facts)
  }
  return {
    asked,
    async own({ action, object, direction = 'in', about, recipient }) {
      const request: AccessRequest = {
        subject: identity.did,
        owner: identity.did,
        action,
        object: object === undefined ? wholeDrive : toHex(object),
        direction,
        channel: 'local',
        module,
        ...(recipient === undefined ? {} : { recipient }),
      }
      return asked(signAs(identity, guardian, request), { proofs: [], about })
    },
  }
}

/** The first two stages, by an identity whose keys are open here. */
export function signAs(
  identity: OpenIdentity,
  guardian: Guardian,
  request: AccessRequest,
  fresh?: Freshness,
): Signed {
  return signRequested(requestAccess(guardian, request, fresh), (message, context) =>
    identity.signer.signEd25519(message, context),
  )
}
