import { testApp } from '@anarq/design/testing'
import { settings } from '../ui/index.ts'
import { messages } from '../ui/messages/messages.ts'

testApp(settings, messages, new URL('../manifest.json', import.meta.url))
