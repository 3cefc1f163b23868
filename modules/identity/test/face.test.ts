import { testApp } from '@anarq/design/testing'
import { identity } from '../ui/index.ts'
import { messages } from '../ui/messages/messages.ts'

testApp(identity, messages, new URL('../manifest.json', import.meta.url))
