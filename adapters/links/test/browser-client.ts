/** A page's side of `browser.process.test.ts`: run with the browser's condition. Arguments: node id, X25519 key, address. */
import { fromHex, fromUtf8, toUtf8 } from '@anarq/bytes'
import { createLinks, createSystemWorld, createWebSocketClient } from '@anarq/links/browser'
import { primitives } from '@anarq/qlock'
import { parseNodeId } from '@anarq/qnet'
import { systemRandom } from '@anarq/random'

const [node, agreementKey, address] = process.argv.slice(2) as [string, string, string]
const peer = parseNodeId(node)
const links = createLinks({
  world: createSystemWorld(),
  identity: {
    node: primitives.ed25519Key(systemRandom.bytes(32)),
    agreement: primitives.x25519Key(systemRandom.bytes(32)),
  },
  carriers: [createWebSocketClient()],
  find: () => ({ agreementKey: fromHex(agreementKey), addresses: [address] }),
  events: {
    onMessage(_, message) {
      console.log(`${primitives.name}: ${toUtf8(message)}`)
      void links.close()
    },
  },
})
await links.connect(peer)
links.send(peer, new Uint8Array(100_000).fill(1))
links.send(peer, fromUtf8('from a page'))
