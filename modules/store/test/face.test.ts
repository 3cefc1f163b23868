import { testManifest, testTexts } from '@anarq/design/testing'
import { store } from '../ui/index.ts'
import { en } from '../ui/messages-en.ts'
import { es } from '../ui/messages-es.ts'

testTexts(en, es)
testManifest(store, new URL('../manifest.json', import.meta.url))
