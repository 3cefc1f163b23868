import {
  createMemoryCarrier,
  createSystemWorld,
  createTcpCarrier,
  createWebSocketCarrier,
} from '@anarq/links'
import { testCarrier } from '@anarq/links/testing'
import { skipWithoutIpv6 } from '../../../tools/ipv6.ts'

testCarrier({ name: 'TCP', carrier: listening(createTcpCarrier()), address: 'tcp://127.0.0.1:0' })
if (skipWithoutIpv6 === false)
  testCarrier({ name: 'TCP over IPv6', carrier: listening(createTcpCarrier()), address: 'tcp://[::1]:0' })
testCarrier({
  name: 'WebSocket',
  carrier: listening(createWebSocketCarrier()),
  address: 'ws://127.0.0.1:0/qnet',
})
testCarrier({
  name: 'memory',
  carrier: listening(createMemoryCarrier(createSystemWorld())),
  address: 'memory://node:0',
})

function listening<T extends { listen?: unknown }>(carrier: T): T & Required<Pick<T, 'listen'>> {
  return carrier as T & Required<Pick<T, 'listen'>>
}
