import { testApp } from '@anarq/design/testing'
import { guardian } from '../ui/index.ts'
import { messages } from '../ui/messages/messages.ts'

testApp(guardian, messages, new URL('../manifest.json', import.meta.url))
