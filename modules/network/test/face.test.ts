import { testApp } from '@anarq/design/testing'
import { network } from '../ui/index.ts'
import { messages } from '../ui/messages/messages.ts'

testApp(network, messages, new URL('../manifest.json', import.meta.url))
