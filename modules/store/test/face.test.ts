import { testApp } from '@anarq/design/testing'
import { store } from '../ui/index.ts'
import { messages } from '../ui/messages.ts'

testApp(store, messages, new URL('../manifest.json', import.meta.url))
