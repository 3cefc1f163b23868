import { Fault } from '@anarq/fault'
import {
  digestOf,
  readUnsigned,
  readUnsignedFeed,
  type SignedFeed,
  type SignedManifest,
  type SignOptions,
  signFeed,
  signManifest,
} from '@anarq/wxa'
import type { Account } from './account.ts'
import type { Home } from './home.ts'
import type { KernelPorts } from './ports.ts'

export type AppSigningContext = { account: Account; home: Home; ports: Pick<KernelPorts, 'clock'> }

/**
 * Signs what is written in a manifest as a package of the identity in use, and nothing else: the manifest is read as
 * strictly as a stranger's. It is in the audit log before the signature is given out.
 */
export async function signApp(value: unknown, context: AppSigningContext): Promise<SignedManifest> {
  const manifest = readUnsigned(value)
  const signed = signManifest(manifest, await signer(context))
  const details = { app: signed.id, version: signed.version, publisher: signed.publisher.name }
  await context.home.note({
    action: 'app.sign',
    verdict: 'ok',
    details: { ...details, manifest: digestOf(manifest) },
  })
  return signed
}

/** The same for a feed: the list of what the identity in use publishes. */
export async function signAppFeed(value: unknown, context: AppSigningContext): Promise<SignedFeed> {
  const feed = readUnsignedFeed(value)
  const signed = signFeed(feed, await signer(context))
  const details = { sequence: signed.sequence, apps: signed.apps.length, publisher: signed.publisher.name }
  await context.home.note({ action: 'feed.sign', verdict: 'ok', details })
  return signed
}

async function signer({ account, home, ports }: AppSigningContext): Promise<SignOptions> {
  const keyring = account.keyring()
  const { name, child } = keyring.record(keyring.current())
  // Its device signs by a delegation that ends in days, and a package outlives it.
  if (child !== undefined && child.stage !== 'adult')
    throw new Fault(
      'refused.child',
      "A child's identity publishes no apps. Ask your guardian to sign this one: anarq app sign",
    )
  const { identity } = (await home.acting()).space
  return {
    identity: identity.public(),
    name,
    nowMs: ports.clock.nowMs(),
    sign: (message, context) => identity.signer.sign(message, context),
  }
}
