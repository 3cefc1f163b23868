import { equalBytes } from '@anarq/bytes'
import { Fault, unwrap } from '@anarq/fault'
import type { PublicKeys } from '../did/document.ts'
import { peerDidOf, peerDocument } from '../did/peer-did.ts'
import { type PublicIdentity, publicOfPeer, publicOfResolved } from '../did/public-identity.ts'
import { type KeyringCore, kemKeyOf, withSigner } from './core.ts'

/** What others may hold of a DID of this keyring, made from its keys and checked against it. */
export function publicAt(core: KeyringCore, did: string): PublicIdentity {
  const { record, epoch } = core.find(did)
  if (record.child !== undefined) return unwrap(publicOfPeer(record.child.long))
  const kemKey = kemKeyOf(core, record, epoch)
  const verifyKey = withSigner(core, record, epoch, ({ publicKey }) => publicKey)
  return publicOfKeys(core, did, { verifyKey, kemKey })
}

/** The same for keys at hand. Keys that are not the DID's are `damaged.keyring`: this state belongs to other words. */
export function publicOfKeys(core: KeyringCore, did: string, keys: PublicKeys): PublicIdentity {
  const { record } = core.find(did)
  if (record.child !== undefined) return unwrap(publicOfPeer(record.child.long))
  if (record.log !== undefined) {
    const identity = publicOfResolved(core.logs.resolve(record.log), record.log)
    const isOurs = identity.epochs.some(
      ({ verifyKey, kemKey }) => equalBytes(verifyKey, keys.verifyKey) && equalBytes(kemKey, keys.kemKey),
    )
    if (isOurs && identity.did === did) return identity
  } else {
    const peer = peerDidOf(keys)
    if (peer.short === did) return peerIdentity(peer, keys)
  }
  throw new Fault(
    'damaged.keyring',
    'The keys of this identity are not those of its DID: the keyring is of other words.',
  )
}

function peerIdentity(
  peer: { readonly short: string; readonly long: string },
  keys: PublicKeys,
): PublicIdentity {
  return {
    did: peer.short,
    kind: 'peer',
    ...keys,
    document: peerDocument(keys, peer),
    epochs: [{ ...keys, epoch: 0, fromMs: 0 }],
    members: [],
    revokedDevices: [],
    long: peer.long,
    hasEnded: false,
  }
}
