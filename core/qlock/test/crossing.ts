import { fromUtf8 } from '@anarq/bytes'
import {
  createKemKey,
  createSigner,
  openBox,
  openChunk,
  openVault,
  primitives,
  sealBox,
  sealChunk,
  sealVault,
  unwrapKey,
  verifyEd25519,
  verifySignature,
  wrapKey,
} from '@anarq/qlock'
import { systemRandom as random } from '@anarq/random'

/** What one implementation made from fixed secrets, in hexadecimal. */
export type Things = Record<
  'by' | 'verifyKey' | 'kemKey' | 'signature' | 'light' | 'wrapped' | 'box' | 'block' | 'chunkKey' | 'vault',
  string
>

const leaf = new Uint8Array(32).fill(5)
const message = fromUtf8('the same words on both sides')

export async function makeThings(): Promise<Things> {
  const [signer, kem] = [createSigner(leaf), createKemKey(leaf)]
  const chunk = sealChunk(leaf, message)
  const made = {
    verifyKey: signer.publicKey,
    kemKey: kem.publicKey,
    signature: signer.sign(message, 'crossing'),
    light: signer.signEd25519(message, 'crossing'),
    wrapped: wrapKey(kem.publicKey, leaf, { info: 'crossing', random }),
    box: sealBox(leaf, message, { context: 'crossing', random }),
    block: chunk.block,
    chunkKey: chunk.key,
    vault: await sealVault('pass', message, { random, params: { memoryKiB: 64, passes: 1, lanes: 1 } }),
  }
  const texts = Object.entries(made).map(([name, bytes]) => [name, bytes.toHex()])
  return { by: primitives.name, ...Object.fromEntries(texts) } as Things
}

/** The names of what does not open or verify here. */
export async function refusedThings(things: Things): Promise<string[]> {
  const of = (name: keyof Things) => Uint8Array.fromHex(things[name])
  const [signer, kem] = [createSigner(leaf), createKemKey(leaf)]
  const vault = await openVault('pass', of('vault'))
  const holds: Record<Exclude<keyof Things, 'by' | 'chunkKey'>, boolean> = {
    verifyKey: signer.publicKey.toHex() === things.verifyKey,
    kemKey: kem.publicKey.toHex() === things.kemKey,
    signature: verifySignature(of('verifyKey'), message, of('signature'), 'crossing'),
    light: verifyEd25519(of('verifyKey'), message, of('light'), 'crossing'),
    wrapped: unwrapKey(kem, of('wrapped'), { info: 'crossing' })?.toHex() === leaf.toHex(),
    box: openBox(leaf, of('box'), { context: 'crossing' })?.toHex() === message.toHex(),
    block:
      openChunk(of('chunkKey'), of('block'))?.toHex() === message.toHex() &&
      sealChunk(leaf, message).block.toHex() === things.block,
    vault: vault.ok && vault.value.toHex() === message.toHex(),
  }
  return Object.entries(holds).flatMap(([name, isHeld]) => (isHeld ? [] : [name]))
}

if (import.meta.main) {
  const theirs = JSON.parse(process.argv[2] ?? '') as Things
  console.log(JSON.stringify({ refused: await refusedThings(theirs), things: await makeThings() }))
}
