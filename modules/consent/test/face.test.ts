import { testApp } from '@anarq/design/testing'
import { consent } from '../ui/index.ts'
import { messages } from '../ui/messages/messages.ts'

testApp(consent, messages, new URL('../manifest.json', import.meta.url))
