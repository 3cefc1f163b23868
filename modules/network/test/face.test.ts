import { testManifest, testTexts } from '@anarq/design/testing'
import { network } from '../ui/index.ts'
import { en } from '../ui/messages/en.ts'
import { es } from '../ui/messages/es.ts'

testTexts(en, es)
testManifest(network, new URL('../manifest.json', import.meta.url))
